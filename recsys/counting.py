"""Which closed decks count, which are published, and how many were dealt by then."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from types import MappingProxyType

import numpy as np

from recsys.policy import Policy, Study
from recsys.scores import DeckScore, Excluded, Played, complete, eligible, excluded
from recsys.tables import Hand, balances

Closed = Played | DeckScore
"""A closed deck or, once its owner is forgotten, its scores alone: they count all the same."""

Row = tuple[Closed, Excluded | None]
"""A closed deck with the reason why it does not count."""

NOBODY: Mapping[str, int] = MappingProxyType({})

NEVER_COUNTS = (Excluded.ORIGIN, Excluded.THIN, Excluded.AGAIN)


@dataclass(frozen=True, slots=True)
class Players:
    """How many decks of the study came how far, up to a published batch."""

    dealt: int
    closed: int
    complete: int
    counted: int
    withdrawn: int  # of those counted: their owners asked to be forgotten

    @property
    def completion(self) -> float | None:
        """Return the share of dealt decks that were finished; None when nothing is known."""
        known = self.dealt - self.withdrawn
        return self.complete / known if known else None


@dataclass(frozen=True, slots=True)
class Batch:
    """What else must hold before a batch may decide."""

    n: int
    completion: float | None
    balance: float | None  # standardised difference of log popularity; None without pairs


def sorted_out(
    closed: Iterable[Closed], study: Study, earlier: Mapping[str, int] = NOBODY
) -> list[Row]:
    """Return each deck with the reason why it does not count: of a person, the first may.

    `earlier` says when a participant closed a deck of the same model version and policy in another
    study (milliseconds since 1970).
    """
    rows: list[Row] = []
    seen: set[str] = set()
    for deck in closed:
        reason = None
        if isinstance(deck, Played):
            reason = excluded(deck, study.kind, study.policy)
            if eligible(deck.deck, study.kind) is None:
                who = deck.deck.participant
                had = who in seen or earlier.get(who, deck.closed_at) < deck.closed_at
                reason = Excluded.AGAIN if had else reason
                seen.add(who)
        rows.append((deck, reason))
    return rows


def ends(rows: Sequence[Row], batch: int) -> list[int]:
    """Return after how many rows each batch of counted decks is full."""
    places = [place for place, (_, reason) in enumerate(rows, start=1) if reason is None]
    return places[batch - 1 :: batch]


def players_at(
    rows: Sequence[Row], stops: Sequence[int], open_dealt_at: Iterable[int]
) -> list[Players]:
    """Return how many decks had come how far when each of the stops was reached.

    Dealt are those that were dealt before the last of the published decks was closed, whether they
    are closed by now or not: a deck that closes later changes nothing here.
    """
    entered = [reason not in NEVER_COUNTS for _, reason in rows]
    decks = [(d, yes) for (d, _), yes in zip(rows, entered, strict=True) if isinstance(d, Played)]
    dealt_at = np.sort([*(deck.dealt_at for deck, yes in decks if yes), *open_dealt_at])
    clock = [0, *accumulate((d.closed_at if isinstance(d, Played) else 0 for d, _ in rows), max)]
    gone = [0, *accumulate(isinstance(d, DeckScore) for d, _ in rows)]
    counted = [0, *accumulate(reason is None for _, reason in rows)]
    whole = [
        isinstance(d, Played) and yes and complete(d)
        for (d, _), yes in zip(rows, entered, strict=True)
    ]
    done = [0, *accumulate(whole)]
    closed = [0, *accumulate(entered)]
    by_then = np.searchsorted(dealt_at, [clock[stop] for stop in stops], side="right").tolist()
    return [
        Players(gone[stop] + dealt, closed[stop], done[stop], counted[stop], gone[stop])
        for stop, dealt in zip(stops, by_then, strict=True)
    ]


def batches_of(
    rows: Sequence[Row], stops: Sequence[int], players: Sequence[Players], policy: Policy
) -> tuple[Batch, ...]:
    """Return the batches that may be shown: from the first with a whole cell of people."""
    hands = [Hand.of(d) if why is None and isinstance(d, Played) else None for d, why in rows]
    return tuple(
        Batch(at.counted, at.completion, balance)
        for at, balance in zip(players, balances(hands, stops), strict=True)
        if at.counted >= policy.cell
    )


def left_out(rows: Sequence[Row], cell: int) -> dict[Excluded, int | None]:
    """Return how many decks were left out and why; None for some, but fewer than a cell."""
    counts = Counter(reason for _, reason in rows if reason is not None)
    return {reason: None if 0 < counts[reason] < cell else counts[reason] for reason in Excluded}
