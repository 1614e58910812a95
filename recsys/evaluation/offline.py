"""Evaluation on a held-out end of the log: every ranker is asked about the same customers.

Two tasks for each customer: *any* brand that counts in the held-out time, and *new* ones among
them. Metrics are those of `relevance`; intervals by the percentile bootstrap over customers
(Efron, 1979), paired where two rankers are compared.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.metrics import AT, TASKS, Case, ndcg, recall, reciprocal
from recsys.models.base import Basis, Ranker
from recsys.stats import Estimate, estimate_to_row

HEAD = 0.5  # the most bought brands that make up this share of what is bought are the famous ones
_NOBODY = "No customer bought a brand of this task in the held-out time."
_NO_SUCH = "Nobody of these customers."


@dataclass(frozen=True, slots=True)
class Line:
    """How one ranker did at one task, over customers."""

    ranker: str
    task: str
    recall: Estimate
    ndcg: Estimate
    mrr: Estimate
    ndcg_ahead: Estimate  # of the first ranker over this one, paired
    by_activity: dict[str, float | None]  # NDCG@10 of customers who knew few, some, many brands
    by_fame: dict[str, float | None]  # share found of the wanted brands that are famous, and not
    coverage: float  # share of all brands that are on anybody's list
    bias: float | None  # mean log popularity of the listed brands less that of the wanted ones
    by_place: list[float | None] = field(default_factory=list)  # share found at places 1 to 10
    favourites: Estimate | None = None  # share of her planted favourites found
    avoided: Estimate | None = None  # share of brands she only needed that are kept off her list


def line_to_row(line: Line) -> dict[str, Any]:
    """Return a line as the facts of a version and the result of a job say it."""
    return {
        "ranker": line.ranker,
        "task": line.task,
        "recall": estimate_to_row(line.recall),
        "ndcg": estimate_to_row(line.ndcg),
        "mrr": estimate_to_row(line.mrr),
        "ndcg_ahead": estimate_to_row(line.ndcg_ahead),
        "by_activity": dict(line.by_activity),
        "by_fame": dict(line.by_fame),
        "coverage": line.coverage,
        "bias": line.bias,
        "by_place": list(line.by_place),
        "favourites": None if line.favourites is None else estimate_to_row(line.favourites),
        "avoided": None if line.avoided is None else estimate_to_row(line.avoided),
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """What one ranker said of one customer."""

    ranked: tuple[str, ...]
    recall: float
    ndcg: float
    mrr: float


def evaluate(
    rankers: Sequence[Ranker],
    cases: Iterable[Case],
    basis: Basis,
    seed: int,
    needed: frozenset[str] = frozenset(),
    progress: Callable[[str, float], None] | None = None,
) -> list[Line]:
    """Judge rankers on the same cases; the first is the one that others are compared with.

    Customers without a wanted brand are left out of a task: nothing could be found there. `needed`
    are brands that are bought without love, in a planted shop.
    """
    held = list(cases)
    answers: dict[tuple[str, str], list[Answer]] = {(r.name, t): [] for r in rankers for t in TASKS}
    for done, case in enumerate(held):
        for ranker in rankers:
            for task, answer in _answers(ranker, case).items():
                answers[ranker.name, task].append(answer)
        if progress and (done % 50 == 0 or done == len(held) - 1):
            progress("asking the rankers", (done + 1) / len(held))
    rng = np.random.default_rng(seed)
    asked = {task: [case for case in held if case.wanted(task)] for task in TASKS}
    return [
        _line(Judged(r.name, task, asked[task], answers[r.name, task], basis), first, needed, rng)
        for task in TASKS
        for first in [answers[rankers[0].name, task]]
        for r in rankers
    ]


def best_rival(lines: Sequence[Line], task: str) -> Line:
    """Of all but the first ranker the one with the highest NDCG@10 at a task, the first of equals.

    Raises ValueError where the first ranker has no rival.
    """
    rivals = [line for line in lines if line.task == task][1:]
    return max(rivals, key=lambda line: -1.0 if line.ndcg.value is None else line.ndcg.value)


def _answers(ranker: Ranker, case: Case) -> Mapping[str, Answer]:
    answers = {}
    for task in TASKS:
        wanted = case.wanted(task)
        if wanted:
            without = case.known if task == "new" else frozenset[str]()
            ranked = tuple(score.brand for score in ranker.rank(case.before, AT, without))
            answers[task] = Answer(
                ranked, recall(ranked, wanted), ndcg(ranked, wanted), reciprocal(ranked, wanted)
            )
    return answers


@dataclass(frozen=True, slots=True)
class Judged:
    """What one ranker said at one task, beside what was wanted."""

    ranker: str
    task: str
    cases: Sequence[Case]
    answers: Sequence[Answer]
    basis: Basis

    def values(self, metric: str) -> NDArray[np.float64]:
        """One number a customer, shape (n,)."""
        found = ({"recall": a.recall, "ndcg": a.ndcg, "mrr": a.mrr} for a in self.answers)
        return np.array([each[metric] for each in found], np.float64)

    def by_activity(self) -> dict[str, float | None]:
        """Mean NDCG@10 of the third who knew the fewest brands, of the middle, of the rest."""
        known = np.array([len(case.known) for case in self.cases])
        edges = np.quantile(known, [1 / 3, 2 / 3]) if len(known) else [0, 0]
        group, ndcg = np.searchsorted(edges, known), self.values("ndcg")
        return {name: _mean(ndcg[group == k]) for k, name in enumerate(("few", "some", "many"))}

    def by_fame(self) -> dict[str, float | None]:
        """Share found of the wanted brands that are famous, and of the others."""
        famous, hits = _famous(self.basis), {True: [0.0], False: [0.0]}
        for hits_of in hits.values():
            hits_of.clear()
        for case, answer in zip(self.cases, self.answers, strict=True):
            for brand in case.wanted(self.task):
                hits[brand in famous].append(float(brand in answer.ranked))
        return {"famous": _mean(np.array(hits[True])), "other": _mean(np.array(hits[False]))}

    def coverage(self) -> float:
        """Share of all brands that may be ranked and are on anybody's list."""
        listed = {brand for answer in self.answers for brand in answer.ranked}
        return len(listed) / max(1, int(self.basis.allowed(()).sum()))

    def bias(self) -> float | None:
        """Mean log popularity of the listed brands less that of the wanted ones."""
        fame = np.log1p(self.basis.buyers)
        listed = [fame[self.basis.codes[b]] for answer in self.answers for b in answer.ranked]
        wanted = [fame[self.basis.codes[b]] for case in self.cases for b in case.wanted(self.task)]
        return float(np.mean(listed) - np.mean(wanted)) if listed else None

    def by_place(self) -> list[float | None]:
        """Share of the lists whose 1st, 2nd, ... 10th brand was wanted: does the order mean it."""
        hits: list[list[float]] = [[] for _ in range(AT)]
        for case, answer in zip(self.cases, self.answers, strict=True):
            wanted = case.wanted(self.task)
            for place, brand in enumerate(answer.ranked):
                hits[place].append(float(brand in wanted))
        return [_mean(np.array(found)) for found in hits]

    def favourites(self) -> NDArray[np.float64]:
        """Share of her planted favourites found, of new ones at the task `new`; who has some."""
        shares = []
        for case, answer in zip(self.cases, self.answers, strict=True):
            loved = case.loved - case.known if self.task == "new" else case.loved
            if loved:
                shares.append(recall(answer.ranked, loved))
        return np.array(shares, np.float64)

    def avoided(self, needed: frozenset[str]) -> NDArray[np.float64]:
        """Share of the brands that she only needed once and that are not on her list."""
        shares = []
        for case, answer in zip(self.cases, self.answers, strict=True):
            plain = (needed & case.known) - case.loved
            if plain:
                shares.append(1.0 - recall(answer.ranked, plain))
        return np.array(shares, np.float64)


def _line(
    judged: Judged, first: Sequence[Answer], needed: frozenset[str], rng: np.random.Generator
) -> Line:
    ahead = np.array([a.ndcg for a in first]) - judged.values("ndcg")
    planted = any(case.loved for case in judged.cases)
    return Line(
        ranker=judged.ranker,
        task=judged.task,
        recall=bootstrap(judged.values("recall"), rng),
        ndcg=bootstrap(judged.values("ndcg"), rng),
        mrr=bootstrap(judged.values("mrr"), rng),
        ndcg_ahead=bootstrap(ahead, rng),
        by_activity=judged.by_activity(),
        by_fame=judged.by_fame(),
        coverage=judged.coverage(),
        bias=judged.bias(),
        by_place=judged.by_place(),
        favourites=bootstrap(judged.favourites(), rng, why=_NO_SUCH) if planted else None,
        avoided=bootstrap(judged.avoided(needed), rng, why=_NO_SUCH)
        if planted and judged.task == "any"
        else None,
    )


def _famous(basis: Basis) -> frozenset[str]:
    """The most bought brands that together make up HEAD of all that is bought."""
    order, before = basis.by_fame()
    return frozenset(str(name) for name in basis.brands[order[before < HEAD * basis.buyers.sum()]])


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None


def bootstrap(
    values: NDArray[np.float64], rng: np.random.Generator, draws: int = 1000, why: str = _NOBODY
) -> Estimate:
    """Mean of one value a customer, shape (n,), with its 95% percentile bootstrap interval."""
    n = len(values)
    if not n:
        return Estimate.unknown(why, 0)
    counts = rng.multinomial(n, np.full(n, 1 / n), size=draws)  # whole: equal values stay equal
    low, high = np.quantile(counts @ values / n, [0.025, 0.975])
    return Estimate(float(values.mean()), float(low), float(high), n, "bootstrap over customers")
