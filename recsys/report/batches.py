"""Which closed decks count, which are published, and how many were dealt by then."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from recsys.report.responses import Bools, Ints
from recsys.report.tables import Unit
from recsys.study.policy import Study
from recsys.study.scoring import DeckScore, Excluded, Pace, Played, complete, eligible, excluded

Closed = Played | DeckScore | Excluded
"""A closed deck. Once its owner is forgotten: its scores alone, which count all the same, or why
it did not count."""

NOBODY: Mapping[str, int] = MappingProxyType({})

NEVER_COUNTS = (Excluded.ORIGIN, Excluded.THIN, Excluded.AGAIN)


@dataclass(frozen=True, slots=True)
class Row:
    """A closed deck, with why it does not count and whether it was finished."""

    deck: Closed
    why: Excluded | None
    whole: bool
    dealt_at: int | None  # None of a withdrawn one
    closed_at: int

    @property
    def dealt(self) -> int:
        """Return when it was dealt, 0 of a withdrawn one."""
        return self.dealt_at or 0

    @property
    def entered(self) -> bool:
        """Return whether it could have counted."""
        return self.why not in NEVER_COUNTS

    @property
    def gone(self) -> bool:
        """Return whether it could have counted, and its owner is forgotten."""
        return self.entered and self.dealt_at is None


@dataclass(frozen=True, slots=True)
class Players:
    """How many decks of the study came how far, up to a published batch."""

    dealt: int
    closed: int
    complete: int
    counted: int
    withdrawn: int  # of those closed: their owners are forgotten

    @property
    def completion(self) -> float | None:
        """Return the share of dealt decks that were finished; None when nothing is known."""
        known = self.dealt - self.withdrawn
        return self.complete / known if known else None


NO_PLAYERS = Players(0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Funnel:
    """The same as it may be published: each is *at least*, and moves in whole cells of people.

    Those counted come in whole batches, and are exact. The share is in whole tenths: neither says
    how many of a few people walked away.
    """

    dealt: int
    closed: int
    complete: int
    counted: int
    withdrawn: int
    completion: float | None  # None when nothing is known any more

    @classmethod
    def of(cls, at: Players, unit: Unit) -> "Funnel":
        """Return what may be said of these players."""
        closed = max(at.counted, unit.cells(at.closed))
        dealt = max(closed, unit.cells(at.dealt))
        done, gone = unit.cells(at.complete), unit.cells(at.withdrawn)
        return cls(dealt, closed, done, at.counted, gone, tenths(at.completion))


def tenths(share: float | None) -> float | None:
    """Return a share rounded down to tenths, at most .9: "all" would say it of each one."""
    return None if share is None else min(int(share * 10 + 1e-9), 9) / 10


@dataclass(frozen=True, slots=True)
class Batch:
    """What else must hold before a batch may decide."""

    n: int
    completion: float | None  # exact, for the gate; published in tenths
    balance: float | None  # standardised difference of log popularity; None without pairs


def funnel_to_row(funnel: Funnel) -> dict[str, Any]:
    """Return a funnel as the report says it."""
    return {
        "dealt": funnel.dealt,
        "closed": funnel.closed,
        "complete": funnel.complete,
        "counted": funnel.counted,
        "withdrawn": funnel.withdrawn,
        "completion": funnel.completion,
    }


def batch_to_row(batch: Batch) -> dict[str, Any]:
    """Return a batch as the report says it."""
    return {"n": batch.n, "completion": tenths(batch.completion), "balance": batch.balance}


def sorted_out(
    closed: Iterable[Closed], study: Study, earlier: Mapping[str, int] = NOBODY
) -> list[Row]:
    """Return each deck with the reason why it does not count: of a person, the first may.

    `earlier` says when a participant closed a deck of the same model version and policy in another
    study (milliseconds since 1970).
    """
    return list(sort_out(closed, study, earlier, set()))


def sort_out(
    closed: Iterable[Closed], study: Study, earlier: Mapping[str, int], seen: set[str]
) -> Iterator[Row]:
    """Yield the rows of more decks, and add who closed them to those who were `seen`."""
    for deck in closed:
        if not isinstance(deck, Played):
            yield Row(deck, deck if isinstance(deck, Excluded) else None, False, None, 0)
            continue
        pace = Pace.of(deck)
        reason = excluded(pace, study.kind, study.policy)
        if eligible(deck.deck, study.kind) is None:
            who = deck.deck.participant
            had = who in seen or earlier.get(who, deck.closed_at) < deck.closed_at
            reason = Excluded.AGAIN if had else reason
            seen.add(who)
        yield Row(deck, reason, complete(pace), deck.dealt_at, deck.closed_at)


def facts_of(rows: Sequence[Row]) -> Ints:
    """Return what counting needs of rows, shape (6, rows), in the order of the names below."""
    facts = [
        (r.why is None, r.entered, r.entered and r.whole, r.gone, r.closed_at, r.dealt)
        for r in rows
    ]
    return np.array(facts, dtype=np.int64).reshape(-1, 6).T


COUNTED, ENTERED, DONE, GONE, CLOSED_AT, DEALT_AT = range(6)


def ends(facts: Ints, batch: int) -> Ints:
    """Return after how many rows each batch of counted decks is full."""
    return np.flatnonzero(facts[COUNTED])[batch - 1 :: batch] + 1


def lost(counted: Sequence[Row], batch: int) -> Bools:
    """Return of each full batch of counted decks whether somebody of it is forgotten."""
    gone: Bools = np.array([row.gone for row in counted], dtype=np.bool_)
    return np.asarray(gone.reshape(-1, batch).any(axis=1))


def players_at(facts: Ints, stops: Ints, open_dealt_at: Iterable[int]) -> list[Players]:
    """Return how many decks had come how far when each of the stops was reached.

    Dealt are those that were dealt before the last of the published decks was closed, whether they
    are closed by now or not: a deck that closes later changes nothing here.
    """
    if not len(stops):
        return []
    known = facts[DEALT_AT][(facts[ENTERED] > 0) & (facts[GONE] == 0)]
    dealt_at = np.sort(np.concatenate([known, np.fromiter(open_dealt_at, dtype=np.int64)]))
    clock = np.maximum.accumulate(facts[CLOSED_AT])
    counted, closed, done, gone = facts[:4].cumsum(axis=1)[:, stops - 1]
    dealt = gone + np.searchsorted(dealt_at, clock[stops - 1], side="right")
    columns = (dealt, closed, done, counted, gone)
    return [Players(*each) for each in zip(*(c.tolist() for c in columns), strict=True)]


def left_out(rows: Sequence[Row], unit: Unit) -> dict[Excluded, int | None]:
    """Return how many decks were left out and why, in whole cells; None for fewer, or nobody."""
    counts = Counter(row.why for row in rows)
    return {reason: unit.cells(counts[reason]) or None for reason in Excluded}
