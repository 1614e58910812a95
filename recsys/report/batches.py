"""Which closed decks count, which are published, and how many were dealt by then."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from recsys.disclosure import DisclosureRule, floor_to_tenths
from recsys.study.exclusions import (
    ExclusionReason,
    ResponseTimes,
    exclusion_reason,
    ineligibility,
    is_complete,
)
from recsys.study.policy import Study
from recsys.study.response_columns import Bools, Ints
from recsys.study.scoring import DeckScore
from recsys.study.swipes import CompletedDeck

ClosedDeck = CompletedDeck | DeckScore | ExclusionReason
"""A closed deck. Once its owner is forgotten: its scores alone, which count all the same, or why
it did not count."""

NO_EARLIER_DECKS: Mapping[str, int] = MappingProxyType({})

INELIGIBLE_REASONS = (
    ExclusionReason.ORIGIN,
    ExclusionReason.THIN_HISTORY,
    ExclusionReason.NOT_FIRST,
)


@dataclass(frozen=True, slots=True)
class ClassifiedDeck:
    """A closed deck, with why it does not count and whether it was finished."""

    deck: ClosedDeck
    exclusion: ExclusionReason | None
    complete: bool
    dealt_at: int | None  # None of a withdrawn one
    closed_at: int

    @property
    def dealt_at_or_zero(self) -> int:
        """Return when it was dealt, 0 of a withdrawn one."""
        return self.dealt_at or 0

    @property
    def eligible(self) -> bool:
        """Return whether it could have counted."""
        return self.exclusion not in INELIGIBLE_REASONS

    @property
    def withdrawn(self) -> bool:
        """Return whether it could have counted, and its owner is forgotten."""
        return self.eligible and self.dealt_at is None


@dataclass(frozen=True, slots=True)
class ParticipantCounts:
    """How many decks of the study came how far, up to a published batch."""

    dealt: int
    closed: int
    complete: int
    counted: int
    withdrawn: int  # of those closed: their owners are forgotten

    @property
    def completion(self) -> float | None:
        """Return the share of dealt decks that were finished; None when nothing is known."""
        n_known = self.dealt - self.withdrawn
        return self.complete / n_known if n_known else None


NO_PARTICIPANTS = ParticipantCounts(0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class ParticipantFunnel:
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
    def from_counts(cls, counts: ParticipantCounts, rule: DisclosureRule) -> "ParticipantFunnel":
        """Return what may be said of these players."""
        n_closed = max(counts.counted, rule.round_down(counts.closed))
        n_dealt = max(n_closed, rule.round_down(counts.dealt))
        n_complete, n_withdrawn = (
            rule.round_down(counts.complete),
            rule.round_down(counts.withdrawn),
        )
        return cls(
            n_dealt,
            n_closed,
            n_complete,
            counts.counted,
            n_withdrawn,
            floor_to_tenths(counts.completion),
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """What else must hold before a batch may decide."""

    n: int
    completion: float | None  # exact, for the gate; published in tenths
    balance: float | None  # standardised difference of log popularity; None without pairs


def funnel_to_row(funnel: ParticipantFunnel) -> dict[str, Any]:
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
    return {"n": batch.n, "completion": floor_to_tenths(batch.completion), "balance": batch.balance}


def apply_exclusions(
    closed: Iterable[ClosedDeck], study: Study, earlier: Mapping[str, int] = NO_EARLIER_DECKS
) -> list[ClassifiedDeck]:
    """Label each closed deck with its exclusion reason, or None.

    Only a participant's first eligible deck counts. `earlier` says when participants closed a deck
    of the same model version and policy in another study (milliseconds since 1970).
    """
    participants: set[str] = set()
    return [_classify(deck, study, earlier, participants) for deck in closed]


def _classify(
    deck: ClosedDeck, study: Study, earlier: Mapping[str, int], participants: set[str]
) -> ClassifiedDeck:
    """Label one deck, and add its owner to `participants`."""
    if not isinstance(deck, CompletedDeck):
        exclusion = deck if isinstance(deck, ExclusionReason) else None
        return ClassifiedDeck(deck, exclusion, False, None, 0)
    times = ResponseTimes.from_deck(deck)
    exclusion = exclusion_reason(times, study.kind, study.policy)
    if ineligibility(deck.deck, study.kind) is None:
        participant = deck.deck.participant
        was_earlier = earlier.get(participant, deck.closed_at) < deck.closed_at
        if participant in participants or was_earlier:
            exclusion = ExclusionReason.NOT_FIRST
        participants.add(participant)
    return ClassifiedDeck(deck, exclusion, is_complete(times), deck.dealt_at, deck.closed_at)


def deck_facts(decks: Sequence[ClassifiedDeck]) -> Ints:
    """Return what counting needs of rows, shape (6, rows), in the order of the names below."""
    values = [
        (
            r.exclusion is None,
            r.eligible,
            r.eligible and r.complete,
            r.withdrawn,
            r.closed_at,
            r.dealt_at_or_zero,
        )
        for r in decks
    ]
    return np.array(values, dtype=np.int64).reshape(-1, 6).T


COUNTED, ELIGIBLE, COMPLETE, WITHDRAWN, CLOSED_AT, DEALT_AT = range(6)


def batch_end_rows(facts_table: Ints, batch: int) -> Ints:
    """Return after how many rows each batch of counted decks is full."""
    return np.flatnonzero(facts_table[COUNTED])[batch - 1 :: batch] + 1


def batches_with_withdrawal(counted_decks: Sequence[ClassifiedDeck], batch: int) -> Bools:
    """Return of each full batch of counted decks whether somebody of it is forgotten."""
    is_withdrawn: Bools = np.array([row.withdrawn for row in counted_decks], dtype=np.bool_)
    return np.asarray(is_withdrawn.reshape(-1, batch).any(axis=1))


def participant_counts_at(
    facts_table: Ints, batch_ends: Ints, open_dealt_at: Iterable[int]
) -> list[ParticipantCounts]:
    """Return how many decks had come how far when each of the stops was reached.

    Dealt are those that were dealt before the last of the published decks was closed, whether they
    are closed by now or not: a deck that closes later changes nothing here.
    """
    if not len(batch_ends):
        return []
    dealt_known = facts_table[DEALT_AT][(facts_table[ELIGIBLE] > 0) & (facts_table[WITHDRAWN] == 0)]
    dealt_at = np.sort(np.concatenate([dealt_known, np.fromiter(open_dealt_at, dtype=np.int64)]))
    latest_close = np.maximum.accumulate(facts_table[CLOSED_AT])
    n_counted, n_closed, n_complete, n_withdrawn = facts_table[:4].cumsum(axis=1)[:, batch_ends - 1]
    # a deck of the very millisecond is not counted: the next one of it would change a decision
    n_before = np.searchsorted(dealt_at, latest_close[batch_ends - 1], side="left")
    n_dealt = np.maximum(n_closed, n_withdrawn + n_before)
    columns = (n_dealt, n_closed, n_complete, n_counted, n_withdrawn)
    return [ParticipantCounts(*each) for each in zip(*(c.tolist() for c in columns), strict=True)]


def exclusion_counts(
    decks: Sequence[ClassifiedDeck], rule: DisclosureRule
) -> dict[ExclusionReason, int | None]:
    """Return how many decks were left out and why, in whole cells; None for fewer, or nobody."""
    counts = Counter(row.exclusion for row in decks)
    return {reason: rule.round_down(counts[reason]) or None for reason in ExclusionReason}
