"""What the report shows beside the criteria: arms, brands, categories, and the measures not gated.

Every table hides what has fewer people behind it than the policy's cell.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import log1p

import numpy as np

from recsys.deck import Card, Stratum
from recsys.scores import (
    Heard,
    Played,
    auc_of_all_picks,
    binary_auc,
    decoy_rejection,
    heard,
    near_liked,
    new_discrimination,
    new_hit_rate,
    rival_discrimination,
    rival_weights,
    weighted_share,
)
from recsys.stats import Estimate, betting_estimate, standardised_difference
from recsys.swipes import Answer


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One line of a table: means over people of the shares of their answered cards."""

    label: str
    people: int
    liked: float
    super_liked: float
    dont_know: float


@dataclass(frozen=True, slots=True)
class Hand:
    """One counted deck, read once."""

    cards: tuple[Card, ...]
    heard: list[Heard]
    rival: dict[int, float]  # weight by position

    @classmethod
    def of(cls, played: Played) -> "Hand":
        """Return the hand of a closed deck."""
        return cls(played.deck.cards, heard(played), rival_weights(played.deck.cards))


def _liked(answer: Answer) -> bool:
    return answer.liked


SAID = (_liked, Answer.SUPER_LIKE.__eq__, Answer.DONT_KNOW.__eq__)


def arm_rows(hands: Sequence[Hand], cell: int) -> tuple[ShareRow, ...]:
    """Return the rows of picks, the rival's whole list, scored decoys and near decoys."""
    parts = {
        "pick": [_ones(hand, Stratum.PICK) for hand in hands],
        "baseline": [hand.rival for hand in hands],
        "decoy": [_ones(hand, Stratum.FAR) for hand in hands],
        "near": [_ones(hand, Stratum.NEAR) for hand in hands],
    }
    rows = (
        _row(label, [_shares(hand.heard, w) for hand, w in zip(hands, weights, strict=True)])
        for label, weights in parts.items()
    )
    return tuple(row for row in rows if row.people >= cell)


def _ones(hand: Hand, stratum: Stratum) -> dict[int, float]:
    return {card.position: 1.0 for card in hand.cards if card.stratum is stratum}


def _shares(cards: Sequence[Heard], weights: Mapping[int, float]) -> tuple[float, ...] | None:
    shares = [weighted_share(cards, weights, said) for said in SAID]
    return None if shares[0] is None else tuple(share or 0.0 for share in shares)


def _row(label: str, people: Iterable[tuple[float, ...] | None]) -> ShareRow:
    found = [shares for shares in people if shares is not None]
    liked, loved, unknown = np.mean(found, axis=0).tolist() if found else (0.0, 0.0, 0.0)
    return ShareRow(label, len(found), liked, loved, unknown)


def brand_rows(hands: Sequence[Hand], cell: int) -> tuple[ShareRow, ...]:
    """Return the brands that enough people saw, whichever arm proposed them, best liked first."""
    rows = _grouped((card.brand, i, a) for i, hand in enumerate(hands) for card, a in hand.heard)
    return tuple(sorted((r for r in rows if r.people >= cell), key=lambda r: (-r.liked, r.label)))


def category_rows(hands: Sequence[Hand], cell: int) -> tuple[ShareRow, ...]:
    """Return how the picks of a category were liked, if both it and its complement may be shown.

    The complement of a row is the people it leaves out; that of the table is the people behind the
    rows that it hides. Each is empty or a whole cell, or else a row goes.
    """
    picks = [
        (card.category, i, a)
        for i, hand in enumerate(hands)
        for card, a in hand.heard
        if card.stratum is Stratum.PICK
    ]
    rows = sorted(_grouped(picks), key=lambda row: (-row.people, row.label))
    shown = [r for r in rows if r.people >= cell and not 0 < len(hands) - r.people < cell]
    while shown and 0 < _people_outside(picks, {row.label for row in shown}) < cell:
        shown.pop()
    return tuple(shown)


def _people_outside(picks: Iterable[tuple[str, int, Answer]], shown: set[str]) -> int:
    return len({person for category, person, _ in picks if category not in shown})


def _grouped(answers: Iterable[tuple[str, int, Answer]]) -> Iterator[ShareRow]:
    said: dict[str, dict[int, list[Answer]]] = defaultdict(lambda: defaultdict(list))
    for label, person, answer in answers:
        said[label][person].append(answer)
    for label, people in said.items():
        yield _row(label, [_plain_shares(given) for given in people.values()])


def _plain_shares(given: Sequence[Answer]) -> tuple[float, ...]:
    return tuple(sum(map(said, given)) / len(given) for said in SAID)


def beside(hands: Sequence[Hand], alpha: float, cell: int) -> dict[str, Estimate]:
    """Return the measures that are shown and never gated, each a mean over those who have it."""
    measures: dict[str, Sequence[float | None]] = {
        "binary_auc": [binary_auc(h.heard) for h in hands],
        "auc_of_all_picks": [auc_of_all_picks(h.heard) for h in hands],
        "decoy_rejection": [decoy_rejection(h.heard) for h in hands],
        "near_liked": [near_liked(h.heard) for h in hands],
        "rival_hit_rate": [weighted_share(h.heard, h.rival, _liked) for h in hands],
        "rival_discrimination": [rival_discrimination(h.heard, h.rival) for h in hands],
        "new_hit_rate": [new_hit_rate(h.heard) for h in hands],
        "new_discrimination": [new_discrimination(h.heard) for h in hands],
        "new_rival_hit_rate": [weighted_share(_new(h), h.rival, _liked) for h in hands],
        "new_rival_discrimination": [rival_discrimination(_new(h), h.rival) for h in hands],
    }
    return {name: mean_of(values, alpha, cell) for name, values in measures.items()}


def _new(hand: Hand) -> list[Heard]:
    """Return the cards without those of the rival that she knew."""
    return [(c, a) for c, a in hand.heard if not (c.known and c.position in hand.rival)]


def mean_of(values: Iterable[float | None], alpha: float, cell: int) -> Estimate:
    """Return the mean of those who have a value, unknown below a cell."""
    found = [value for value in values if value is not None]
    if len(found) < cell:
        return Estimate.unknown(f"fewer than {cell} people")
    return betting_estimate(found, alpha / 2, 1)


def balances(hands: Sequence[Hand | None], stops: Sequence[int]) -> list[float | None]:
    """Return the standardised difference of log popularity, picks less decoys, after each stop.

    A pair enters when both its cards were answered; popularity p enters as log(1 + p). A place
    without a hand has no pairs.
    """
    pairs = [list(_pairs(hand)) if hand else [] for hand in hands]
    known = [0, *accumulate(len(each) for each in pairs)]
    both = np.array([pair for each in pairs for pair in each]).reshape(-1, 2)
    return [standardised_difference(*both[: known[stop]].T) for stop in stops]


def _pairs(hand: Hand) -> Iterator[tuple[float, float]]:
    by_position = {card.position: card for card, _ in hand.heard}
    for card, _ in hand.heard:
        if card.stratum is Stratum.FAR and card.partner in by_position:
            pick = by_position[card.partner]
            yield log1p(pick.popularity), log1p(card.popularity)
