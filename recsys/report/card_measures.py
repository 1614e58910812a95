"""Measures of the cards besides the criteria: answer shares by card group, secondary metrics."""

from collections.abc import Sequence

import numpy as np

from recsys.stats import Bools, Floats, clip_rounding, graded_auc, safe_divide
from recsys.study.response_columns import (
    BASELINE_ONLY,
    DONT_KNOW,
    FAMILIAR_DECOY,
    LIKED,
    MATCHED_DECOY,
    PICK,
    SUPER_LIKED,
    Ints,
    ResponseColumns,
)
from recsys.study.scoring import GRADES, answer_share, grade_counts, liked_share

CARD_GROUPS = ("pick", "baseline", "decoy", "near", "challenger")
"""Card groups in the order of their table: picks, the baseline's whole list, matched decoys,
familiar decoys, and the list of a second version."""
SECONDARY_METRICS = (
    "binary_auc",
    "auc_of_all_picks",
    "decoy_rejection",
    "near_liked",
    "rival_hit_rate",
    "rival_discrimination",
    "new_hit_rate",
    "new_discrimination",
    "new_rival_hit_rate",
    "new_rival_discrimination",
)
"""Metrics that are shown and never gated, in the order of the rows of `ResponseTable.secondary`."""

NEEDS_DECOYS = frozenset(
    {"decoy_rejection"}
    | {name for name in SECONDARY_METRICS if "auc" in name or "discrimination" in name}
)
"""Metrics that need matched decoys in the deck."""


def encode(names: Sequence[str]) -> tuple[tuple[str, ...], Ints]:
    """Return the distinct names in order of appearance, and the index of each of `names` there."""
    codes = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return tuple(codes), np.fromiter(map(codes.__getitem__, names), dtype=np.int64)


def group_shares(cards: ResponseColumns) -> Floats:
    """Return the liked, super-liked and unknown shares of CARD_GROUPS, (n_groups, 3, n_decks)."""
    pick, matched, familiar = (
        _as_floats(cards.role == stratum) for stratum in (PICK, MATCHED_DECOY, FAMILIAR_DECOY)
    )
    weights = [pick, baseline_weights(cards), matched, familiar, _as_floats(cards.in_challenger)]
    answer_masks = [cards.answer >= LIKED, cards.answer == SUPER_LIKED, cards.answer == DONT_KNOW]
    return clip_rounding(
        [[_weighted_answer_share(cards, w, what) for what in answer_masks] for w in weights]
    )


def _as_floats(mask: Bools) -> Floats:
    floats: Floats = mask.astype(np.float64)
    return floats


def baseline_weights(cards: ResponseColumns) -> Floats:
    """Return how many brands of the baseline's list each card represents; 0 if it is not on it.

    Brands on both lists are all dealt and get the weight 1. Of the brands on the baseline's list
    only, a random sample is dealt; each gets the weight (number of such brands) / (number dealt).
    The number of such brands is known because the list is as long as the picks.
    """
    baseline_only, picks = cards.role == BASELINE_ONLY, cards.role == PICK
    n_own = cards.count(picks) - cards.count(cards.in_baseline)
    weight_per_card = np.nan_to_num(safe_divide(n_own, cards.count(baseline_only)))
    return np.where(
        baseline_only, weight_per_card[cards.deck], cards.in_baseline.astype(np.float64)
    )


def _weighted_answer_share(cards: ResponseColumns, weights: Floats, answer_mask: Bools) -> Floats:
    """Return the weighted share of answered cards in `answer_mask`, (n_decks,); NaN: no card."""
    return safe_divide(
        cards.weighted_count(cards.answered & answer_mask, weights),
        cards.weighted_count(cards.answered, weights),
    )


def secondary_metric_values(cards: ResponseColumns) -> Floats:
    """Return the SECONDARY_METRICS, (n_metrics, n_decks); NaN where a deck has no value."""
    pick, is_new = cards.answered & (cards.role == PICK), ~cards.known
    paired, baseline = pick & cards.paired, baseline_weights(cards)
    new_baseline = np.where(is_new, baseline, 0.0)
    rows = [
        np.nan_to_num(_auc(cards, paired, grades=2), nan=0.5),
        np.nan_to_num(_auc(cards, pick), nan=0.5),
        answer_share(cards, cards.known_decoy, cards.answer < LIKED),
        liked_share(cards, cards.answered & (cards.role == FAMILIAR_DECOY)),
        _weighted_answer_share(cards, baseline, cards.answer >= LIKED),
        _auc(cards, cards.answered, baseline),
        liked_share(cards, pick & is_new),
        _auc(cards, paired & is_new),
        _weighted_answer_share(cards, new_baseline, cards.answer >= LIKED),
        _auc(cards, cards.answered, new_baseline),
    ]
    return clip_rounding(rows)


def _auc(
    cards: ResponseColumns, mask: Bools, weights: Floats | None = None, grades: int = GRADES
) -> Floats:
    """Return the graded AUC of the masked cards against the matched decoys; NaN: no masked card."""
    decoys = grade_counts(cards, cards.known_decoy, grades=grades)
    return graded_auc(grade_counts(cards, mask, weights, grades), decoys)


def matched_pairs(cards: ResponseColumns) -> tuple[Ints, Floats]:
    """Return deck (n,) and log popularity (n, 2) of the answered pairs of a pick and a decoy."""
    decoys = np.flatnonzero(cards.answered & (cards.role == MATCHED_DECOY) & cards.paired)
    decoys = decoys[cards.answered[cards.partner[decoys]]]
    picks = cards.partner[decoys]
    return cards.deck[decoys], np.stack([cards.popularity[picks], cards.popularity[decoys]], axis=1)
