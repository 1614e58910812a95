"""Comparison of two rankers: metric differences, overlap of their lists, and rank changes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys.dataset.evidence import Evidence
from recsys.disclosure import MIN_GROUP_SIZE, DisclosureRule
from recsys.evaluation.metrics import TASKS, EvalUser, K, ndcg, recall, reciprocal_rank
from recsys.evaluation.offline import bootstrap
from recsys.models.base import Ranker
from recsys.stats import Estimate, estimate_to_row

RANKING_METRICS = ("recall", "ndcg", "mrr")
_TOO_FEW = "fewer than 10 people"

TopLists = Sequence[Sequence[str]]
"""Top-10 brands of each customer. Compared lists have the same customers in the same order."""


@dataclass(frozen=True, slots=True)
class MetricDifference:
    """One metric of the first ranker minus that of the second, on the same customers."""

    task: str
    metric: str
    ahead: Estimate


@dataclass(frozen=True, slots=True)
class RankChange:
    """The number of lists that have a brand; None where the number may not be shown."""

    brand: str
    first: int | None
    second: int | None


def metric_difference_to_row(difference: MetricDifference) -> dict[str, Any]:
    """Return a difference as plain data for the result of a job."""
    # The keys are in stored job results and must not change.
    return {
        "task": difference.task,
        "metric": difference.metric,
        "ahead": estimate_to_row(difference.ahead),
    }


def rank_change_to_row(change: RankChange) -> dict[str, Any]:
    """Return a rank change as plain data for the result of a job."""
    return {"brand": change.brand, "first": change.first, "second": change.second}


def metric_differences(
    first: Ranker, second: Ranker, users: Sequence[EvalUser], seed: int
) -> list[MetricDifference]:
    """Return first minus second for every metric of both tasks, paired by customer."""
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
    """Return the top-10 brands of each customer."""
    return [[score.brand for score in ranker.rank(evidence, K)] for evidence in people]


def list_overlap(first: TopLists, second: TopLists, seed: int) -> Estimate:
    """Return the mean share of a customer's top 10 that both lists have, in any order."""
    if len(first) < MIN_GROUP_SIZE:
        return Estimate.unknown(_TOO_FEW)
    values = [len(set(a) & set(b)) / K for a, b in zip(first, second, strict=True)]
    return bootstrap(np.array(values), np.random.default_rng(seed))


def rank_changes(
    first: TopLists, second: TopLists, max_brands: int = 10
) -> tuple[list[RankChange], list[RankChange]]:
    """Return the brands on more lists of `second`, then those on fewer, largest change first.

    Brands on fewer than MIN_GROUP_SIZE lists of each ranker are left out.
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
    """Return the count if it and its complement are 0 or at least MIN_GROUP_SIZE, else None."""
    return count if DisclosureRule().splits_safely(count, n_people) else None
