"""Two rankers side by side: what each found, how much their lists share, which brands move."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys.dataset.evidence import Evidence
from recsys.evaluation.metrics import TASKS, EvalUser, K, ndcg, recall, reciprocal_rank
from recsys.evaluation.offline import bootstrap
from recsys.models.base import Ranker
from recsys.stats import MIN_GROUP_SIZE, Estimate, estimate_to_row

RANKING_METRICS = ("recall", "ndcg", "mrr")
_TOO_FEW = "fewer than 10 people"

TopLists = Sequence[Sequence[str]]
"""The first ten brands of each of the same people."""


@dataclass(frozen=True, slots=True)
class MetricDifference:
    """One metric of the first ranker less that of the second, of the same customers."""

    task: str
    metric: str
    ahead: Estimate


@dataclass(frozen=True, slots=True)
class RankChange:
    """On how many people's lists a brand is; None where the number may not be shown."""

    brand: str
    first: int | None
    second: int | None


def metric_difference_to_row(difference: MetricDifference) -> dict[str, Any]:
    """Return a difference as the result of a job says it."""
    return {
        "task": difference.task,
        "metric": difference.metric,
        "ahead": estimate_to_row(difference.ahead),
    }


def rank_change_to_row(change: RankChange) -> dict[str, Any]:
    """Return a move as the result of a job says it."""
    return {"brand": change.brand, "first": change.first, "second": change.second}


def metric_differences(
    first: Ranker, second: Ranker, users: Sequence[EvalUser], seed: int
) -> list[MetricDifference]:
    """Return how far the first is ahead in every metric of both tasks, paired within customers."""
    rng = np.random.default_rng(seed)
    return [
        MetricDifference(task, metric, bootstrap(np.array([row[place] for row in rows]), rng))
        for task in TASKS
        for rows in [[_user_difference(first, second, c, task) for c in users if c.relevant(task)]]
        for place, metric in enumerate(RANKING_METRICS)
    ]


def _user_difference(first: Ranker, second: Ranker, user: EvalUser, task: str) -> list[float]:
    first_metrics, second_metrics = (
        _metric_values(ranker, user, task) for ranker in (first, second)
    )
    return [one - two for one, two in zip(first_metrics, second_metrics, strict=True)]


def _metric_values(ranker: Ranker, user: EvalUser, task: str) -> tuple[float, float, float]:
    relevant = user.relevant(task)
    without = user.known_brands if task == "new" else frozenset[str]()
    ranked_brands = [score.brand for score in ranker.rank(user.evidence, K, without)]
    return (
        recall(ranked_brands, relevant),
        ndcg(ranked_brands, relevant),
        reciprocal_rank(ranked_brands, relevant),
    )


def top_lists(ranker: Ranker, people: Iterable[Evidence]) -> TopLists:
    """Return the first ten brands of each person."""
    return [[score.brand for score in ranker.rank(evidence, K)] for evidence in people]


def list_overlap(first: TopLists, second: TopLists, seed: int) -> Estimate:
    """Return what share of a person's first ten both have, whatever the order."""
    if len(first) < MIN_GROUP_SIZE:
        return Estimate.unknown(_TOO_FEW)
    values = [len(set(a) & set(b)) / K for a, b in zip(first, second, strict=True)]
    return bootstrap(np.array(values), np.random.default_rng(seed))


def rank_changes(
    first: TopLists, second: TopLists, max_brands: int = 10
) -> tuple[list[RankChange], list[RankChange]]:
    """Return the brands that are on more lists of the second, and those on fewer, most so first.

    A brand that fewer than a cell of people have in either is left out.
    """
    first_counts, second_counts = (
        Counter(brand for row in lists for brand in row) for lists in (first, second)
    )
    change = {
        brand: second_counts[brand] - first_counts[brand]
        for brand in first_counts | second_counts
        if max(first_counts[brand], second_counts[brand]) >= MIN_GROUP_SIZE
    }
    rising = sorted((b for b in change if change[b] > 0), key=lambda b: (-change[b], b))
    falling = sorted((b for b in change if change[b] < 0), key=lambda b: (change[b], b))
    n_people = len(first)
    return (
        [
            RankChange(
                b,
                _publishable_count(first_counts[b], n_people),
                _publishable_count(second_counts[b], n_people),
            )
            for b in rising[:max_brands]
        ],
        [
            RankChange(
                b,
                _publishable_count(first_counts[b], n_people),
                _publishable_count(second_counts[b], n_people),
            )
            for b in falling[:max_brands]
        ],
    )


def _publishable_count(count: int, n_people: int) -> int | None:
    """Return a number of people if it and its complement are nobody or a cell at least."""
    is_safe = all(part == 0 or part >= MIN_GROUP_SIZE for part in (count, n_people - count))
    return count if is_safe else None
