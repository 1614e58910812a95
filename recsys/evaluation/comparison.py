"""Two rankers side by side: what each found, how much their lists share, which brands move."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys.dataset.evidence import Evidence
from recsys.evaluation.metrics import AT, TASKS, Case, ndcg, recall, reciprocal
from recsys.evaluation.offline import bootstrap
from recsys.models.base import Ranker
from recsys.stats import CELL, Estimate, estimate_to_row

METRICS = ("recall", "ndcg", "mrr")
_TOO_FEW = "fewer than 10 people"

Lists = Sequence[Sequence[str]]
"""The first ten brands of each of the same people."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of the first ranker less that of the second, of the same customers."""

    task: str
    metric: str
    ahead: Estimate


@dataclass(frozen=True, slots=True)
class Move:
    """On how many people's lists a brand is; None where the number may not be shown."""

    brand: str
    first: int | None
    second: int | None


def difference_to_row(found: Difference) -> dict[str, Any]:
    """Return a difference as the result of a job says it."""
    return {"task": found.task, "metric": found.metric, "ahead": estimate_to_row(found.ahead)}


def move_to_row(move: Move) -> dict[str, Any]:
    """Return a move as the result of a job says it."""
    return {"brand": move.brand, "first": move.first, "second": move.second}


def differences(
    first: Ranker, second: Ranker, cases: Sequence[Case], seed: int
) -> list[Difference]:
    """Return how far the first is ahead in every metric of both tasks, paired within customers."""
    rng = np.random.default_rng(seed)
    return [
        Difference(task, metric, bootstrap(np.array([row[place] for row in rows]), rng))
        for task in TASKS
        for rows in [[_ahead(first, second, c, task) for c in cases if c.wanted(task)]]
        for place, metric in enumerate(METRICS)
    ]


def _ahead(first: Ranker, second: Ranker, case: Case, task: str) -> list[float]:
    ours, theirs = (_metrics(ranker, case, task) for ranker in (first, second))
    return [one - two for one, two in zip(ours, theirs, strict=True)]


def _metrics(ranker: Ranker, case: Case, task: str) -> tuple[float, float, float]:
    wanted = case.wanted(task)
    without = case.known if task == "new" else frozenset[str]()
    ranked = [score.brand for score in ranker.rank(case.before, AT, without)]
    return recall(ranked, wanted), ndcg(ranked, wanted), reciprocal(ranked, wanted)


def first_ten(ranker: Ranker, people: Iterable[Evidence]) -> Lists:
    """Return the first ten brands of each person."""
    return [[score.brand for score in ranker.rank(evidence, AT)] for evidence in people]


def shared(first: Lists, second: Lists, seed: int) -> Estimate:
    """Return what share of a person's first ten both have, whatever the order."""
    if len(first) < CELL:
        return Estimate.unknown(_TOO_FEW)
    values = [len(set(a) & set(b)) / AT for a, b in zip(first, second, strict=True)]
    return bootstrap(np.array(values), np.random.default_rng(seed))


def moves(first: Lists, second: Lists, most: int = 10) -> tuple[list[Move], list[Move]]:
    """Return the brands that are on more lists of the second, and those on fewer, most so first.

    A brand that fewer than a cell of people have in either is left out.
    """
    ours, theirs = (Counter(brand for row in lists for brand in row) for lists in (first, second))
    change = {
        brand: theirs[brand] - ours[brand]
        for brand in ours | theirs
        if max(ours[brand], theirs[brand]) >= CELL
    }
    rising = sorted((b for b in change if change[b] > 0), key=lambda b: (-change[b], b))
    falling = sorted((b for b in change if change[b] < 0), key=lambda b: (change[b], b))
    people = len(first)
    return (
        [Move(b, _cell(ours[b], people), _cell(theirs[b], people)) for b in rising[:most]],
        [Move(b, _cell(ours[b], people), _cell(theirs[b], people)) for b in falling[:most]],
    )


def _cell(number: int, people: int) -> int | None:
    """Return a number of people if it and its complement are nobody or a cell at least."""
    fine = all(part == 0 or part >= CELL for part in (number, people - number))
    return number if fine else None
