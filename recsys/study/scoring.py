"""Score decks: one score in [0, 1] per deck and criterion.

* precision: liked share of the answered picks.
* discrimination: AUC with GRADES grades, paired picks against matched decoys.
* lift: (1 + P_own - P_baseline) / 2. P_own is the liked share of the picks that are not on the
  baseline's list; P_baseline is that of the brands on the baseline's list only.
* challenger: (1 + P_B - P_A) / 2. P is the precision of the lists of two model versions, A and B.

Cards without an answer are not counted. *Don't know* counts as an answer and not as a like. A
matched decoy with *don't know* is left out of the AUC.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from recsys.stats import Bools, Floats, graded_auc, safe_divide, unit_scores
from recsys.study.response_columns import (
    BASELINE_ONLY,
    LIKED,
    NOT_FAVOURITE,
    PICK,
    ResponseColumns,
    response_columns,
)
from recsys.study.swipes import CompletedDeck

GRADES = 3  # not liked, liked, super-liked


@dataclass(frozen=True, slots=True)
class DeckScore:
    """The scores of one deck, each in [0, 1]. Only they are kept after a participant is forgotten.

    A rounding error outside [0, 1] is clipped; a larger one raises ValueError.
    """

    precision: float
    discrimination: float
    lift: float
    challenger: float = 0.5  # .5 without a second version

    def __post_init__(self) -> None:
        names = self.__slots__
        clipped = unit_scores([getattr(self, name) for name in names]).tolist()
        for name, value in zip(names, clipped, strict=True):
            object.__setattr__(self, name, value)


def score_to_row(score: DeckScore) -> dict[str, float]:
    """Return a score as it is stored, by the names in CRITERIA."""
    return {
        "hit_rate": score.precision,
        "discrimination": score.discrimination,
        "lift": score.lift,
        "challenger": score.challenger,
    }


def score_from_row(row: Mapping[str, float]) -> DeckScore:
    """Read a stored score. Rows from before paired comparisons have no `challenger`: it is .5."""
    return DeckScore(
        precision=row["hit_rate"],
        discrimination=row["discrimination"],
        lift=row["lift"],
        challenger=row.get("challenger", 0.5),
    )


def score_deck(deck: CompletedDeck) -> DeckScore:
    """Return the scores of one deck. The precision is 0 without an answered pick."""
    scores = criterion_scores(response_columns([deck])[0])
    return DeckScore(*scores[:, 0].tolist())


def criterion_scores(cards: ResponseColumns) -> Floats:
    """Return the scores of all decks, (n_criteria, n_decks), in the order of CRITERIA."""
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
    """Return (1 + first - second) / 2 of two shares; exactly .5 where one is NaN."""
    return np.nan_to_num((1 + first - second) / 2, nan=0.5)


def liked_share(cards: ResponseColumns, mask: Bools) -> Floats:
    """Return the liked share of the masked cards of each deck, (n_decks,); NaN without a card."""
    return answer_share(cards, mask, cards.answer >= LIKED)


def answer_share(cards: ResponseColumns, mask: Bools, answer_mask: Bools) -> Floats:
    """Return the share of `mask` that is in `answer_mask`, (n_decks,); NaN without a card."""
    return safe_divide(cards.count(mask & answer_mask), cards.count(mask))


def grade_counts(
    cards: ResponseColumns, mask: Bools, weights: Floats | None = None, grades: int = GRADES
) -> Floats:
    """Return the number, or total weight, of the masked cards with each grade, (grades, n_decks).

    With fewer than GRADES grades, higher grades count as the highest.
    """
    grade = np.clip(cards.answer - NOT_FAVOURITE, 0, grades - 1)
    weights = np.ones(len(grade)) if weights is None else weights
    return np.array([cards.weighted_count(mask & (grade == g), weights) for g in range(grades)])
