"""Offline evaluation: all rankers, the same customers, a held-out period at the end of the log.

Each customer has two tasks: `any` relevant brand of the held-out period, and the `new` ones among
them. The metrics are in `metrics`. Intervals come from the percentile bootstrap over customers
(Efron, 1979), paired where two rankers are compared.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.metrics import TASKS, EvalUser, K, ndcg, recall, reciprocal_rank
from recsys.models.base import BrandIndex, Ranker
from recsys.progress import ProgressCallback, WorkStage
from recsys.stats import Estimate, estimate_to_row

POPULAR_SHARE = 0.5
"""Famous brands: the most bought brands that together have this share of all purchases."""
_NO_RELEVANT = "No customer bought a brand of this task in the held-out time."
_NO_CUSTOMERS = "No customer has such brands."


@dataclass(frozen=True, slots=True)
class RankerMetrics:
    """The metrics of one ranker at one task, over all customers."""

    ranker: str
    task: str
    recall: Estimate
    ndcg: Estimate
    mrr: Estimate
    ndcg_ahead: Estimate  # NDCG of the first ranker minus this one, paired by customer
    by_activity: dict[str, float | None]  # NDCG@10 of customers with few, some, many known brands
    by_popularity: dict[str, float | None]  # hit share of relevant brands: famous, other
    coverage: float  # share of all rankable brands that are on at least one list
    bias: float | None  # mean log popularity: listed brands minus relevant brands
    by_place: list[float | None] = field(default_factory=list)  # share of hits at ranks 1 to 10
    favourites: Estimate | None = None  # recall of true favourites, in a simulated shop
    avoided: Estimate | None = None  # share of only-needed brands that the list leaves out


def ranker_metrics_to_row(metrics: RankerMetrics) -> dict[str, Any]:
    """Return metrics as plain data for the facts of a model version and the result of a job."""
    return {
        "ranker": metrics.ranker,
        "task": metrics.task,
        "recall": estimate_to_row(metrics.recall),
        "ndcg": estimate_to_row(metrics.ndcg),
        "mrr": estimate_to_row(metrics.mrr),
        "ndcg_ahead": estimate_to_row(metrics.ndcg_ahead),
        "by_activity": dict(metrics.by_activity),
        "by_fame": dict(metrics.by_popularity),
        "coverage": metrics.coverage,
        "bias": metrics.bias,
        "by_place": list(metrics.by_place),
        "favourites": None if metrics.favourites is None else estimate_to_row(metrics.favourites),
        "avoided": None if metrics.avoided is None else estimate_to_row(metrics.avoided),
    }


@dataclass(frozen=True, slots=True)
class UserMetrics:
    """The list of one ranker for one customer, with its metrics."""

    ranked: tuple[str, ...]
    recall: float
    ndcg: float
    mrr: float


def evaluate_rankers(
    rankers: Sequence[Ranker],
    users: Iterable[EvalUser],
    brand_index: BrandIndex,
    seed: int,
    needed: frozenset[str] = frozenset(),
    progress: ProgressCallback | None = None,
) -> list[RankerMetrics]:
    """Evaluate rankers on the same customers. Every ranker is compared with the first one.

    Parameters
    ----------
    rankers
        The reference ranker, then the others; at least one.
    users
        A task leaves out customers without a relevant brand: no hit is possible for them.
    brand_index
        Brands with their popularity, for coverage and bias.
    seed
        Random seed of the bootstrap.
    needed
        Brands that are bought out of need and are no favourites. Known in a simulated shop only.
    progress
        Called with the stage and the share done, from 0 to 1.

    Returns
    -------
    list[RankerMetrics]
        One item per task and ranker, ordered by task, then as in `rankers`.
    """
    eval_users = list(users)
    results: dict[tuple[str, str], list[UserMetrics]] = {
        (r.name, t): [] for r in rankers for t in TASKS
    }
    for n_done, user in enumerate(eval_users):
        for ranker in rankers:
            for task, result in _user_metrics(ranker, user).items():
                results[ranker.name, task].append(result)
        if progress and (n_done % 50 == 0 or n_done == len(eval_users) - 1):
            progress(WorkStage.ASKING_RANKERS, (n_done + 1) / len(eval_users))
    rng = np.random.default_rng(seed)
    users_by_task = {task: [case for case in eval_users if case.relevant(task)] for task in TASKS}
    return [
        _ranker_metrics(
            TaskEvaluation(r.name, task, users_by_task[task], results[r.name, task], brand_index),
            first,
            needed,
            rng,
        )
        for task in TASKS
        for first in [results[rankers[0].name, task]]
        for r in rankers
    ]


def best_baseline(lines: Sequence[RankerMetrics], task: str) -> RankerMetrics:
    """Return the ranker with the highest NDCG@10 at a task, without the first ranker.

    Ties go to the earlier ranker. Raises ValueError if there is no other ranker.
    """
    baselines = [line for line in lines if line.task == task][1:]
    return max(baselines, key=lambda line: -1.0 if line.ndcg.value is None else line.ndcg.value)


def _user_metrics(ranker: Ranker, user: EvalUser) -> Mapping[str, UserMetrics]:
    results = {}
    for task in TASKS:
        relevant = user.relevant(task)
        if relevant:
            without = user.known_brands if task == "new" else frozenset[str]()
            ranked_brands = tuple(score.brand for score in ranker.rank(user.evidence, K, without))
            results[task] = UserMetrics(
                ranked_brands,
                recall(ranked_brands, relevant),
                ndcg(ranked_brands, relevant),
                reciprocal_rank(ranked_brands, relevant),
            )
    return results


@dataclass(frozen=True, slots=True)
class TaskEvaluation:
    """The lists of one ranker at one task, and the customers with their relevant brands."""

    ranker: str
    task: str
    users: Sequence[EvalUser]
    results: Sequence[UserMetrics]
    brand_index: BrandIndex

    def values(self, metric: str) -> NDArray[np.float64]:
        """Return one metric as one value per customer, (n,)."""
        found = ({"recall": a.recall, "ndcg": a.ndcg, "mrr": a.mrr} for a in self.results)
        return np.array([each[metric] for each in found], np.float64)

    def by_activity(self) -> dict[str, float | None]:
        """Return mean NDCG@10 by tercile of the number of known brands."""
        n_known = np.array([len(case.known_brands) for case in self.users])
        edges = np.quantile(n_known, [1 / 3, 2 / 3]) if len(n_known) else [0, 0]
        tercile, ndcg = np.searchsorted(edges, n_known), self.values("ndcg")
        return {name: _mean(ndcg[tercile == k]) for k, name in enumerate(("few", "some", "many"))}

    def by_popularity(self) -> dict[str, float | None]:
        """Return the hit share of famous relevant brands, and of the other relevant brands."""
        popular, hits = _popular_brands(self.brand_index), {True: [0.0], False: [0.0]}
        for hits_of in hits.values():
            hits_of.clear()
        for user, result in zip(self.users, self.results, strict=True):
            for brand in user.relevant(self.task):
                hits[brand in popular].append(float(brand in result.ranked))
        return {"famous": _mean(np.array(hits[True])), "other": _mean(np.array(hits[False]))}

    def coverage(self) -> float:
        """Return the share of all rankable brands that are on at least one list."""
        recommended = {brand for answer in self.results for brand in answer.ranked}
        return len(recommended) / max(1, int(self.brand_index.allowed(()).sum()))

    def bias(self) -> float | None:
        """Return mean log popularity of listed brands minus that of relevant brands."""
        log_popularity = np.log1p(self.brand_index.buyers)
        recommended = [
            log_popularity[self.brand_index.codes[b]]
            for answer in self.results
            for b in answer.ranked
        ]
        relevant = [
            log_popularity[self.brand_index.codes[b]]
            for case in self.users
            for b in case.relevant(self.task)
        ]
        return float(np.mean(recommended) - np.mean(relevant)) if recommended else None

    def by_rank(self) -> list[float | None]:
        """Return the share of lists with a hit at rank 1, 2, ... 10; a good order lets it fall."""
        hits: list[list[float]] = [[] for _ in range(K)]
        for user, result in zip(self.users, self.results, strict=True):
            relevant = user.relevant(self.task)
            for rank, brand in enumerate(result.ranked):
                hits[rank].append(float(brand in relevant))
        return [_mean(np.array(hits_at_rank)) for hits_at_rank in hits]

    def favourites(self) -> NDArray[np.float64]:
        """Return the recall of true favourites, one value per customer with such favourites.

        The task `new` counts only favourites that the customer did not know before.
        """
        shares = []
        for user, result in zip(self.users, self.results, strict=True):
            favourites = (
                user.true_favourites - user.known_brands
                if self.task == "new"
                else user.true_favourites
            )
            if favourites:
                shares.append(recall(result.ranked, favourites))
        return np.array(shares, np.float64)

    def avoided(self, needed: frozenset[str]) -> NDArray[np.float64]:
        """Return the share of only-needed known brands that are off the list, per customer."""
        shares = []
        for user, result in zip(self.users, self.results, strict=True):
            needed_only = (needed & user.known_brands) - user.true_favourites
            if needed_only:
                shares.append(1.0 - recall(result.ranked, needed_only))
        return np.array(shares, np.float64)


def _ranker_metrics(
    evaluation: TaskEvaluation,
    first_results: Sequence[UserMetrics],
    needed: frozenset[str],
    rng: np.random.Generator,
) -> RankerMetrics:
    difference = np.array([a.ndcg for a in first_results]) - evaluation.values("ndcg")
    has_truth = any(case.true_favourites for case in evaluation.users)
    return RankerMetrics(
        ranker=evaluation.ranker,
        task=evaluation.task,
        recall=bootstrap(evaluation.values("recall"), rng),
        ndcg=bootstrap(evaluation.values("ndcg"), rng),
        mrr=bootstrap(evaluation.values("mrr"), rng),
        ndcg_ahead=bootstrap(difference, rng),
        by_activity=evaluation.by_activity(),
        by_popularity=evaluation.by_popularity(),
        coverage=evaluation.coverage(),
        bias=evaluation.bias(),
        by_place=evaluation.by_rank(),
        favourites=bootstrap(evaluation.favourites(), rng, reason=_NO_CUSTOMERS)
        if has_truth
        else None,
        avoided=bootstrap(evaluation.avoided(needed), rng, reason=_NO_CUSTOMERS)
        if has_truth and evaluation.task == "any"
        else None,
    )


def _popular_brands(brand_index: BrandIndex) -> frozenset[str]:
    """Return the most bought brands that together have POPULAR_SHARE of all purchases."""
    order, bought_before = brand_index.by_popularity()
    return frozenset(
        str(name)
        for name in brand_index.brands[
            order[bought_before < POPULAR_SHARE * brand_index.buyers.sum()]
        ]
    )


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None


def bootstrap(
    values: NDArray[np.float64],
    rng: np.random.Generator,
    draws: int = 1000,
    reason: str = _NO_RELEVANT,
) -> Estimate:
    """Return the mean of one value per customer, (n,), with its 95% bootstrap interval."""
    n = len(values)
    if not n:
        return Estimate.unknown(reason, 0)
    counts = rng.multinomial(n, np.full(n, 1 / n), size=draws)  # integers: equal values stay equal
    low, high = np.quantile(counts @ values / n, [0.025, 0.975])
    return Estimate(float(values.mean()), float(low), float(high), n, "bootstrap over customers")
