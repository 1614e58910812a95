"""Closed decks as columns: one place a card, and every score and measure of every deck at once.

The same as recsys.study.scoring says of one deck, card by card; a test holds the two together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from recsys.stats import Floats, clip_rounding, unit_scores
from recsys.study.deck import CardRole, Source
from recsys.study.scoring import CompletedDeck
from recsys.study.swipes import Answer

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CARD_GROUPS = ("pick", "baseline", "decoy", "near", "challenger")
"""The rows of the table of arms: the picks, the rival's whole list, scored and near decoys, and the
list of a second version."""
ANSWER_SHARES = ("liked", "super_liked", "dont_know")
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
"""What is shown and never gated, in the order of the rows of `ResponseTable.measures`."""

NEEDS_DECOYS = frozenset(
    {"decoy_rejection"}
    | {name for name in SECONDARY_METRICS if "auc" in name or "discrimination" in name}
)
"""Measures that only a deck with scored decoys has."""

UNANSWERED, DONT_KNOW, NOT_FAVOURITE, LIKED, SUPER_LIKED = range(-1, 4)
_ANSWER_CODES: dict[Answer | None, int] = {
    None: UNANSWERED,
    Answer.DONT_KNOW: DONT_KNOW,
    Answer.NOT_FAVOURITE: NOT_FAVOURITE,
    Answer.FAVOURITE: LIKED,
    Answer.SUPER_LIKE: SUPER_LIKED,
}
_LIST_SOURCES = (Source.BASELINE, Source.CHALLENGER)
_ROLE_CODES = {stratum: place for place, stratum in enumerate(CardRole)}
PICK, BASELINE_ONLY, MATCHED_DECOY, FAMILIAR_DECOY = (
    _ROLE_CODES[s]
    for s in (
        CardRole.PICK,
        CardRole.BASELINE_ONLY,
        CardRole.MATCHED_DECOY,
        CardRole.FAMILIAR_DECOY,
    )
)


@dataclass(frozen=True, slots=True, eq=False)
class ResponseColumns:
    """All cards of some decks, one place a card; `deck` ascends."""

    n_decks: int
    deck: Ints
    answer: Ints
    role: Ints
    partner: Ints  # place of the partner's card; -1 without one
    known: Bools
    in_baseline: Bools  # a pick that the rival names too
    in_challenger: Bools  # on the list of the second version, in a duel
    popularity: Floats

    @property
    def answered(self) -> Bools:
        return self.answer > UNANSWERED

    @property
    def paired(self) -> Bools:
        paired: Bools = self.partner >= 0
        return paired

    @property
    def known_decoy(self) -> Bools:
        """The scored decoys that she knows."""
        known: Bools = (self.answer > DONT_KNOW) & (self.role == MATCHED_DECOY)
        return known

    def count(self, mask: Bools) -> Floats:
        """Return how many of these cards each deck has."""
        return np.bincount(self.deck[mask], minlength=self.n_decks).astype(np.float64)

    def weighted_count(self, mask: Bools, weights: Floats) -> Floats:
        """Return the weight of these cards in each deck."""
        return np.bincount(self.deck[mask], weights[mask], self.n_decks).astype(np.float64)


def response_columns(
    decks: Sequence[CompletedDeck],
) -> tuple[ResponseColumns, list[str], list[str]]:
    """Return the cards of all decks in columns, with their brands and categories."""
    cards = list(chain.from_iterable(d.deck.cards for d in decks))
    sizes = _ints(len(d.deck.cards) for d in decks)
    answers = chain.from_iterable(
        map(d.answers.get, range(1, len(d.deck.cards) + 1)) for d in decks
    )
    starts = np.cumsum(sizes) - sizes
    role = _ints(_ROLE_CODES[card.role] for card in cards)
    partner = _ints(card.partner or 0 for card in cards)
    in_baseline, in_challenger = ([arm in card.sources for card in cards] for arm in _LIST_SOURCES)
    columns = ResponseColumns(
        n_decks=len(decks),
        deck=np.repeat(np.arange(len(decks)), sizes),
        answer=_ints(map(_ANSWER_CODES.__getitem__, answers)),
        role=role,
        partner=np.where(partner > 0, np.repeat(starts, sizes) + partner - 1, -1),
        known=np.array([card.known for card in cards], dtype=np.bool_),
        in_baseline=np.array(in_baseline, dtype=np.bool_) & (role == PICK),
        in_challenger=np.array(in_challenger, dtype=np.bool_),
        popularity=np.log1p(_ints(card.popularity for card in cards)),
    )
    return columns, [card.brand for card in cards], [card.category for card in cards]


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def encode(names: Sequence[str]) -> tuple[tuple[str, ...], Ints]:
    """Return the different names and each one's place among them."""
    codes = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return tuple(codes), _ints(map(codes.__getitem__, names))


def _safe_divide(numerator: Floats, denominator: Floats) -> Floats:
    """Return the share, NaN where there is nothing to share."""
    shares: Floats = np.divide(
        numerator, denominator, out=np.full(len(denominator), np.nan), where=denominator > 0
    )
    return shares


def group_shares(cards: ResponseColumns) -> Floats:
    """Return what was said of each arm's cards, shape (arms, said, decks)."""
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
    """Return how much of the rival's list each card stands for; 0 where it is not on it.

    Brands that both lists name are all dealt and stand for themselves. Of the rival's own, a random
    part is dealt, and each stands for its share of them: the list is as long as the picks.
    """
    baseline_only, picks = cards.role == BASELINE_ONLY, cards.role == PICK
    n_own = cards.count(picks) - cards.count(cards.in_baseline)
    weight_per_card = np.nan_to_num(_safe_divide(n_own, cards.count(baseline_only)))
    return np.where(
        baseline_only, weight_per_card[cards.deck], cards.in_baseline.astype(np.float64)
    )


def _weighted_answer_share(cards: ResponseColumns, weights: Floats, answer_mask: Bools) -> Floats:
    """Return the weighted share of answered cards that were answered so; NaN without any."""
    return _safe_divide(
        cards.weighted_count(cards.answered & answer_mask, weights),
        cards.weighted_count(cards.answered, weights),
    )


def criterion_scores(cards: ResponseColumns) -> Floats:
    """Return shape (criteria, decks) in the order of CRITERIA, to the bit what `score` says."""
    pick, liked = cards.answered & (cards.role == PICK), cards.answer >= LIKED
    own_picks, baseline_cards = (
        pick & ~cards.in_baseline,
        cards.answered & (cards.role == BASELINE_ONLY),
    )
    lift = _difference_scores(
        _answer_share(cards, own_picks, liked), _answer_share(cards, baseline_cards, liked)
    )
    precision = np.nan_to_num(_answer_share(cards, pick, liked))
    comparison = _difference_scores(
        _answer_share(cards, cards.answered & cards.in_challenger, liked),
        _answer_share(cards, pick, liked),
    )
    return unit_scores([precision, _deck_auc(cards, pick & cards.paired), lift, comparison])


def _difference_scores(first: Floats, second: Floats) -> Floats:
    """Return (1 + one - other) / 2 of two hit rates; exactly .5 where one is not known."""
    return np.nan_to_num((1 + first - second) / 2, nan=0.5)


def secondary_metric_values(cards: ResponseColumns) -> Floats:
    """Return shape (measures, decks), in the order of MEASURES; NaN where a deck has none."""
    pick, liked = cards.answered & (cards.role == PICK), cards.answer >= LIKED
    paired, is_new = pick & cards.paired, ~cards.known
    familiar = cards.answered & (cards.role == FAMILIAR_DECOY)
    baseline = baseline_weights(cards)
    new_baseline = np.where(is_new, baseline, 0.0)
    new_paired = np.where(
        cards.count(paired & is_new) > 0, _deck_auc(cards, paired & is_new), np.nan
    )
    rows = [
        _deck_auc(cards, paired, best=1),
        _deck_auc(cards, pick),
        _answer_share(cards, cards.known_decoy, ~liked),
        _answer_share(cards, familiar, liked),
        _weighted_answer_share(cards, baseline, liked),
        _weighted_deck_auc(cards, baseline),
        _answer_share(cards, pick & is_new, liked),
        new_paired,
        _weighted_answer_share(cards, new_baseline, liked),
        _weighted_deck_auc(cards, new_baseline),
    ]
    return clip_rounding(rows)


def _answer_share(cards: ResponseColumns, mask: Bools, answer_mask: Bools) -> Floats:
    return _safe_divide(cards.count(mask & answer_mask), cards.count(mask))


def _auc_points(cards: ResponseColumns, best: int) -> tuple[Floats, Floats]:
    """Return how many decoys of its deck each card beats, a tie counting half; and the decoys.

    Grades above the best count as the best (Hanley and McNeil, Radiology 1982). A deck without a
    decoy has half a point of one.
    """
    grade = np.clip(cards.answer - 1, 0, best)
    decoys = np.array([cards.count(cards.known_decoy & (grade == g)) for g in range(best + 1)])
    points = np.cumsum(decoys, axis=0) - decoys / 2
    no_decoys = decoys.sum(axis=0) == 0
    points[:, no_decoys] = 0.5
    return points[grade, cards.deck], np.where(no_decoys, 1.0, decoys.sum(axis=0))


def _deck_auc(cards: ResponseColumns, mask: Bools, best: int = 2) -> Floats:
    """Return the AUC of these cards against the scored decoys; exactly .5 without any."""
    points, decoys = _auc_points(cards, best)
    mean = _safe_divide(cards.weighted_count(mask, points), cards.count(mask) * decoys)
    return np.nan_to_num(mean, nan=0.5)


def _weighted_deck_auc(cards: ResponseColumns, weights: Floats) -> Floats:
    points, decoys = _auc_points(cards, best=2)
    total = cards.weighted_count(cards.answered, weights)
    return _safe_divide(cards.weighted_count(cards.answered, weights * points), total * decoys)


def matched_pairs(cards: ResponseColumns) -> tuple[Ints, Floats]:
    """Return the pairs of pick and scored decoy of which both were answered."""
    decoys = np.flatnonzero(cards.answered & (cards.role == MATCHED_DECOY) & cards.paired)
    decoys = decoys[cards.answered[cards.partner[decoys]]]
    picks = cards.partner[decoys]
    return cards.deck[decoys], np.stack([cards.popularity[picks], cards.popularity[decoys]], axis=1)
