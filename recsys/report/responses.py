"""Closed decks as columns: one place a card, and every score and measure of every deck at once.

The same as recsys.study.scoring says of one deck, card by card; a test holds the two together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from recsys.stats import Floats, clip_rounding, unit_scores
from recsys.study.deck import Arm, Stratum
from recsys.study.scoring import Played
from recsys.study.swipes import Answer

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ARMS = ("pick", "baseline", "decoy", "near", "challenger")
"""The rows of the table of arms: the picks, the rival's whole list, scored and near decoys, and the
list of a second version."""
SAID = ("liked", "super_liked", "dont_know")
MEASURES = (
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
"""What is shown and never gated, in the order of the rows of `Sheet.measures`."""

AGAINST_DECOYS = frozenset(
    {"decoy_rejection"} | {name for name in MEASURES if "auc" in name or "discrimination" in name}
)
"""Measures that only a deck with scored decoys has."""

UNANSWERED, UNKNOWN, NOT, LIKED, LOVED = range(-1, 4)
_SAID: dict[Answer | None, int] = {
    None: UNANSWERED,
    Answer.DONT_KNOW: UNKNOWN,
    Answer.NOT_FAVOURITE: NOT,
    Answer.FAVOURITE: LIKED,
    Answer.SUPER_LIKE: LOVED,
}
_OTHERS = (Arm.BASELINE, Arm.CHALLENGER)
_PLACE = {stratum: place for place, stratum in enumerate(Stratum)}
PICK, UNIQUE, FAR, NEAR = (
    _PLACE[s] for s in (Stratum.PICK, Stratum.UNIQUE, Stratum.FAR, Stratum.NEAR)
)


@dataclass(frozen=True, slots=True, eq=False)
class Cards:
    """All cards of some decks, one place a card; `deck` ascends."""

    decks: int
    deck: Ints
    said: Ints
    stratum: Ints
    partner: Ints  # place of the partner's card; -1 without one
    known: Bools
    shared: Bools  # a pick that the rival names too
    second: Bools  # on the list of the second version, in a duel
    popularity: Floats

    @property
    def heard(self) -> Bools:
        return self.said > UNANSWERED

    @property
    def paired(self) -> Bools:
        paired: Bools = self.partner >= 0
        return paired

    @property
    def decoy(self) -> Bools:
        """The scored decoys that she knows."""
        known: Bools = (self.said > UNKNOWN) & (self.stratum == FAR)
        return known

    def joined(self, other: "Cards") -> "Cards":
        """Return the cards of both, the other's decks after these."""
        partner = np.where(other.partner >= 0, other.partner + len(self.deck), -1)
        moved = replace(other, deck=other.deck + self.decks, partner=partner)
        columns = [f.name for f in fields(self) if f.name != "decks"]
        both = {n: np.concatenate([getattr(self, n), getattr(moved, n)]) for n in columns}
        return Cards(self.decks + other.decks, **both)

    def count(self, which: Bools) -> Floats:
        """Return how many of these cards each deck has."""
        return np.bincount(self.deck[which], minlength=self.decks).astype(np.float64)

    def weigh(self, which: Bools, weights: Floats) -> Floats:
        """Return the weight of these cards in each deck."""
        return np.bincount(self.deck[which], weights[which], self.decks).astype(np.float64)


def laid_out(decks: Sequence[Played]) -> tuple[Cards, list[str], list[str]]:
    """Return the cards of all decks in columns, with their brands and categories."""
    cards = list(chain.from_iterable(d.deck.cards for d in decks))
    sizes = _ints(len(d.deck.cards) for d in decks)
    said = chain.from_iterable(map(d.answers.get, range(1, len(d.deck.cards) + 1)) for d in decks)
    starts = np.cumsum(sizes) - sizes
    stratum = _ints(_PLACE[card.stratum] for card in cards)
    partner = _ints(card.partner or 0 for card in cards)
    rival, second = ([arm in card.arms for card in cards] for arm in _OTHERS)
    columns = Cards(
        decks=len(decks),
        deck=np.repeat(np.arange(len(decks)), sizes),
        said=_ints(map(_SAID.__getitem__, said)),
        stratum=stratum,
        partner=np.where(partner > 0, np.repeat(starts, sizes) + partner - 1, -1),
        known=np.array([card.known for card in cards], dtype=np.bool_),
        shared=np.array(rival, dtype=np.bool_) & (stratum == PICK),
        second=np.array(second, dtype=np.bool_),
        popularity=np.log1p(_ints(card.popularity for card in cards)),
    )
    return columns, [card.brand for card in cards], [card.category for card in cards]


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def coded(names: Sequence[str]) -> tuple[tuple[str, ...], Ints]:
    """Return the different names and each one's place among them."""
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return tuple(places), _ints(map(places.__getitem__, names))


def _over(part: Floats, whole: Floats) -> Floats:
    """Return the share, NaN where there is nothing to share."""
    shares: Floats = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return shares


def arm_shares(cards: Cards) -> Floats:
    """Return what was said of each arm's cards, shape (arms, said, decks)."""
    pick, far, near = (_ones(cards.stratum == stratum) for stratum in (PICK, FAR, NEAR))
    weights = [pick, rival_weights(cards), far, near, _ones(cards.second)]
    said = [cards.said >= LIKED, cards.said == LOVED, cards.said == UNKNOWN]
    return clip_rounding([[_weighted_share(cards, w, what) for what in said] for w in weights])


def _ones(which: Bools) -> Floats:
    ones: Floats = which.astype(np.float64)
    return ones


def rival_weights(cards: Cards) -> Floats:
    """Return how much of the rival's list each card stands for; 0 where it is not on it.

    Brands that both lists name are all dealt and stand for themselves. Of the rival's own, a random
    part is dealt, and each stands for its share of them: the list is as long as the picks.
    """
    unique, picks = cards.stratum == UNIQUE, cards.stratum == PICK
    own = cards.count(picks) - cards.count(cards.shared)
    each = np.nan_to_num(_over(own, cards.count(unique)))
    return np.where(unique, each[cards.deck], cards.shared.astype(np.float64))


def _weighted_share(cards: Cards, weights: Floats, said: Bools) -> Floats:
    """Return the weighted share of answered cards that were answered so; NaN without any."""
    return _over(cards.weigh(cards.heard & said, weights), cards.weigh(cards.heard, weights))


def scores_of(cards: Cards) -> Floats:
    """Return shape (criteria, decks) in the order of CRITERIA, to the bit what `score` says."""
    pick, liked = cards.heard & (cards.stratum == PICK), cards.said >= LIKED
    own, theirs = pick & ~cards.shared, cards.heard & (cards.stratum == UNIQUE)
    lift = _ahead(_share(cards, own, liked), _share(cards, theirs, liked))
    hit_rate = np.nan_to_num(_share(cards, pick, liked))
    duel = _ahead(_share(cards, cards.heard & cards.second, liked), _share(cards, pick, liked))
    return unit_scores([hit_rate, _auc(cards, pick & cards.paired), lift, duel])


def _ahead(one: Floats, other: Floats) -> Floats:
    """Return (1 + one - other) / 2 of two hit rates; exactly .5 where one is not known."""
    return np.nan_to_num((1 + one - other) / 2, nan=0.5)


def measures_of(cards: Cards) -> Floats:
    """Return shape (measures, decks), in the order of MEASURES; NaN where a deck has none."""
    pick, liked = cards.heard & (cards.stratum == PICK), cards.said >= LIKED
    paired, new = pick & cards.paired, ~cards.known
    near = cards.heard & (cards.stratum == NEAR)
    rival = rival_weights(cards)
    new_rival = np.where(new, rival, 0.0)
    new_paired = np.where(cards.count(paired & new) > 0, _auc(cards, paired & new), np.nan)
    rows = [
        _auc(cards, paired, best=1),
        _auc(cards, pick),
        _share(cards, cards.decoy, ~liked),
        _share(cards, near, liked),
        _weighted_share(cards, rival, liked),
        _weighted_auc(cards, rival),
        _share(cards, pick & new, liked),
        new_paired,
        _weighted_share(cards, new_rival, liked),
        _weighted_auc(cards, new_rival),
    ]
    return clip_rounding(rows)


def _share(cards: Cards, which: Bools, said: Bools) -> Floats:
    return _over(cards.count(which & said), cards.count(which))


def _points(cards: Cards, best: int) -> tuple[Floats, Floats]:
    """Return how many decoys of its deck each card beats, a tie counting half; and the decoys.

    Grades above the best count as the best (Hanley and McNeil, Radiology 1982). A deck without a
    decoy has half a point of one.
    """
    grade = np.clip(cards.said - 1, 0, best)
    decoys = np.array([cards.count(cards.decoy & (grade == g)) for g in range(best + 1)])
    points = np.cumsum(decoys, axis=0) - decoys / 2
    none = decoys.sum(axis=0) == 0
    points[:, none] = 0.5
    return points[grade, cards.deck], np.where(none, 1.0, decoys.sum(axis=0))


def _auc(cards: Cards, which: Bools, best: int = 2) -> Floats:
    """Return the AUC of these cards against the scored decoys; exactly .5 without any."""
    points, decoys = _points(cards, best)
    mean = _over(cards.weigh(which, points), cards.count(which) * decoys)
    return np.nan_to_num(mean, nan=0.5)


def _weighted_auc(cards: Cards, weights: Floats) -> Floats:
    points, decoys = _points(cards, best=2)
    total = cards.weigh(cards.heard, weights)
    return _over(cards.weigh(cards.heard, weights * points), total * decoys)


def pairs_of(cards: Cards) -> tuple[Ints, Floats]:
    """Return the pairs of pick and scored decoy of which both were answered."""
    decoys = np.flatnonzero(cards.heard & (cards.stratum == FAR) & cards.paired)
    decoys = decoys[cards.heard[cards.partner[decoys]]]
    picks = cards.partner[decoys]
    return cards.deck[decoys], np.stack([cards.popularity[picks], cards.popularity[decoys]], axis=1)
