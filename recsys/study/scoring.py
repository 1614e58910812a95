"""Decks with their answers -> the score of each in every criterion.

A card that was not answered is not counted. *Don't know* is an answer and no favourite; it takes a
matched decoy out of the comparison. STATISTICS' table of criteria has the formulas.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from recsys.stats import Floats, graded_auc, safe_divide, unit_scores
from recsys.study.response_columns import (
    BASELINE_ONLY,
    LIKED,
    NOT_FAVOURITE,
    PICK,
    Bools,
    ResponseColumns,
    response_columns,
)
from recsys.study.swipes import CompletedDeck

GRADES = 3  # not liked, liked, super-liked


@dataclass(frozen=True, slots=True)
class DeckScore:
    """One employee's score in every criterion, each in [0, 1]: all that outlives forgetting.

    A score that rounding carried outside is clipped; ValueError for one that lies further outside.
    """

    precision: float
    discrimination: float
    lift: float
    challenger: float = 0.5  # (1 + P_B - P_A) / 2 of two versions' hit rates; .5 of one version

    def __post_init__(self) -> None:
        names = self.__slots__
        clipped = unit_scores([getattr(self, name) for name in names]).tolist()
        for name, value in zip(names, clipped, strict=True):
            object.__setattr__(self, name, value)


def score_to_row(score: DeckScore) -> dict[str, float]:
    """Return a score by the names of the criteria, as it is kept."""
    return {
        "hit_rate": score.precision,
        "discrimination": score.discrimination,
        "lift": score.lift,
        "challenger": score.challenger,
    }


def score_from_row(row: Mapping[str, float]) -> DeckScore:
    """Return the score of what is kept; of before there were comparisons it has no challenger."""
    return DeckScore(
        precision=row["hit_rate"],
        discrimination=row["discrimination"],
        lift=row["lift"],
        challenger=row.get("challenger", 0.5),
    )


def score_deck(deck: CompletedDeck) -> DeckScore:
    """Return the scores of one deck. Without an answered pick the precision is 0."""
    scores = criterion_scores(response_columns([deck])[0])
    return DeckScore(*scores[:, 0].tolist())


def criterion_scores(cards: ResponseColumns) -> Floats:
    """Return the score of each deck in every criterion, (n_criteria, n_decks), as in CRITERIA."""
    pick = cards.answered & (cards.role == PICK)
    own, baseline = pick & ~cards.in_baseline, cards.answered & (cards.role == BASELINE_ONLY)
    challenger = cards.answered & cards.in_challenger
    precision = liked_share(cards, pick)
    paired, decoys = (
        grade_counts(cards, pick & cards.paired),
        grade_counts(cards, cards.known_decoy),
    )
    return unit_scores(
        [
            np.nan_to_num(precision),
            np.nan_to_num(graded_auc(paired, decoys), nan=0.5),
            difference_score(liked_share(cards, own), liked_share(cards, baseline)),
            difference_score(liked_share(cards, challenger), precision),
        ]
    )


def difference_score(first: Floats, second: Floats) -> Floats:
    """Return (1 + first - second) / 2 of two shares; exactly .5 where one is unknown."""
    return np.nan_to_num((1 + first - second) / 2, nan=0.5)


def liked_share(cards: ResponseColumns, mask: Bools) -> Floats:
    """Return the share of these cards that each deck's owner likes; NaN without any. (n_decks,)"""
    return answer_share(cards, mask, cards.answer >= LIKED)


def answer_share(cards: ResponseColumns, mask: Bools, answer_mask: Bools) -> Floats:
    """Return the share of these cards that were answered so in each deck; NaN without any."""
    return safe_divide(cards.count(mask & answer_mask), cards.count(mask))


def grade_counts(
    cards: ResponseColumns, mask: Bools, weights: Floats | None = None, grades: int = GRADES
) -> Floats:
    """Return how many of these cards, or what weight of them, have each grade: (grades, n_decks).

    Grades above the highest count as the highest.
    """
    grade = np.clip(cards.answer - NOT_FAVOURITE, 0, grades - 1)
    weights = np.ones(len(grade)) if weights is None else weights
    return np.array([cards.weighted_count(mask & (grade == g), weights) for g in range(grades)])
