"""Evaluation on a held-out end of the log.

Two tasks for each customer: *any* brand bought in the held-out time, and *new* ones among them,
that she had no evidence for before. Recall and NDCG as in Järvelin and Kekäläinen, "Cumulated
gain-based evaluation of IR techniques", ACM TOIS 20(4), 2002, with binary gains; intervals by
the percentile bootstrap over customers (Efron, 1979), paired where two rankers are compared.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.evidence import Evidence
from recsys.ranking import Ranker
from recsys.stats import Estimate

AT = 10


@dataclass(frozen=True, slots=True)
class Case:
    """One customer: what was known of her before, and the brands she bought after."""

    before: Evidence
    bought: frozenset[str]
    known: frozenset[str]  # brands with evidence before

    def wanted(self, task: str) -> frozenset[str]:
        """The brands that count as found in the task."""
        return self.bought - self.known if task == "new" else self.bought


TASKS = ("any", "new")


@dataclass(frozen=True, slots=True)
class Line:
    """How one ranker did at one task."""

    ranker: str
    task: str
    recall: Estimate
    ndcg: Estimate
    ndcg_ahead: Estimate  # of the first ranker over this one, paired


def recall(ranked: Sequence[str], wanted: Collection[str]) -> float:
    """Share of min(10, wanted) that the first ten found; 0 where none was found."""
    return len(set(ranked[:AT]) & set(wanted)) / min(AT, len(wanted))


def ndcg(ranked: Sequence[str], wanted: Collection[str]) -> float:
    """Discounted gain of the first ten, over that of the best possible order."""
    gains = [1.0 / np.log2(place + 1) for place in range(1, AT + 1)]
    gained = sum(g for g, brand in zip(gains, ranked, strict=False) if brand in wanted)
    return float(gained / sum(gains[: len(wanted)]))


def evaluate(
    rankers: Sequence[Ranker],
    cases: Iterable[Case],
    seed: int,
    progress: Callable[[str, float], None] | None = None,
) -> list[Line]:
    """Judge rankers on the same cases; the first is the one that others are compared with.

    Customers without a wanted brand are left out of a task: nothing could be found there.
    """
    held = list(cases)
    scores: dict[tuple[str, str], list[tuple[float, float]]] = {
        (ranker.name, task): [] for ranker in rankers for task in TASKS
    }
    for done, case in enumerate(held):
        for ranker in rankers:
            for task, pair in _judged(ranker, case).items():
                scores[ranker.name, task].append(pair)
        if progress and (done % 50 == 0 or done == len(held) - 1):
            progress("asking the rankers", (done + 1) / len(held))
    rng = np.random.default_rng(seed)
    return [
        _line(ranker.name, task, scores, rankers[0].name, rng)
        for task in TASKS
        for ranker in rankers
    ]


def _judged(ranker: Ranker, case: Case) -> Mapping[str, tuple[float, float]]:
    judged = {}
    for task in TASKS:
        wanted = case.wanted(task)
        if wanted:
            without = case.known if task == "new" else frozenset[str]()
            ranked = [score.brand for score in ranker.rank(case.before, AT, without)]
            judged[task] = (recall(ranked, wanted), ndcg(ranked, wanted))
    return judged


def _line(
    name: str,
    task: str,
    scores: Mapping[tuple[str, str], list[tuple[float, float]]],
    first: str,
    rng: np.random.Generator,
) -> Line:
    own = np.array(scores[name, task]).reshape(-1, 2)
    best = np.array(scores[first, task]).reshape(-1, 2)
    return Line(
        ranker=name,
        task=task,
        recall=bootstrap(own[:, 0], rng),
        ndcg=bootstrap(own[:, 1], rng),
        ndcg_ahead=bootstrap(best[:, 1] - own[:, 1], rng),
    )


def bootstrap(values: NDArray[np.float64], rng: np.random.Generator, draws: int = 1000) -> Estimate:
    """Mean of one value a customer, shape (n,), with its 95% percentile bootstrap interval."""
    n = len(values)
    if not n:
        return Estimate.unknown("No customer bought a brand of this task in the held-out time.", 0)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=draws) / n
    low, high = np.quantile(weights @ values, [0.025, 0.975])
    return Estimate(float(values.mean()), float(low), float(high), n, "bootstrap over customers")
