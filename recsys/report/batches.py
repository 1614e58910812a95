"""Classify closed decks, find the full batches, and count the decks dealt up to each batch."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from recsys.disclosure import DisclosureRule, floor_to_tenths
from recsys.stats import Bools
from recsys.study.exclusions import (
    ExclusionReason,
    ResponseTimes,
    exclusion_reason,
    ineligibility,
    is_complete,
)
from recsys.study.policy import Study
from recsys.study.response_columns import Ints
from recsys.study.scoring import DeckScore
from recsys.study.swipes import CompletedDeck

ClosedDeck = CompletedDeck | DeckScore | ExclusionReason
"""A closed deck. After its participant is forgotten (a withdrawn deck): its scores, which still
count, or the reason why it did not count."""

NO_EARLIER_DECKS: Mapping[str, int] = MappingProxyType({})

INELIGIBLE_REASONS = (
    ExclusionReason.ORIGIN,
    ExclusionReason.THIN_HISTORY,
    ExclusionReason.NOT_FIRST,
)


@dataclass(frozen=True, slots=True)
class ClassifiedDeck:
    """A closed deck with its exclusion reason. Times are milliseconds since 1970."""

    deck: ClosedDeck
    exclusion: ExclusionReason | None  # None: the deck counts
    complete: bool  # every card is answered
    dealt_at: int | None  # None for a withdrawn deck
    closed_at: int  # 0 for a withdrawn deck

    @property
    def dealt_at_or_zero(self) -> int:
        """The deal time; 0 for a withdrawn deck."""
        return self.dealt_at or 0

    @property
    def eligible(self) -> bool:
        """Whether the deck could count: its exclusion reason is not in INELIGIBLE_REASONS."""
        return self.exclusion not in INELIGIBLE_REASONS

    @property
    def withdrawn(self) -> bool:
        """Whether the deck is eligible and its participant is forgotten."""
        return self.eligible and self.dealt_at is None


@dataclass(frozen=True, slots=True)
class ParticipantCounts:
    """Numbers of eligible decks that reached each stage, up to a published batch."""

    dealt: int
    closed: int
    complete: int
    counted: int
    withdrawn: int  # closed decks of forgotten participants

    @property
    def completion(self) -> float | None:
        """The finished share of the dealt decks, without withdrawn ones; None without a deck."""
        n_known = self.dealt - self.withdrawn
        return self.complete / n_known if n_known else None


NO_PARTICIPANTS = ParticipantCounts(0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class ParticipantFunnel:
    """ParticipantCounts as they may be published: lower bounds in multiples of `min_group_size`.

    `counted` is exact, as it grows by whole batches. `completion` is rounded down to tenths. So no
    number discloses how many of a few people left.
    """

    dealt: int
    closed: int
    complete: int
    counted: int
    withdrawn: int
    completion: float | None  # None: unknown

    @classmethod
    def from_counts(cls, counts: ParticipantCounts, rule: DisclosureRule) -> "ParticipantFunnel":
        """Return the publishable form of the counts."""
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
    """What the gate checks of a published batch, besides the criteria."""

    n: int  # counted people, up to and with this batch
    completion: float | None  # exact, for the gate; published in tenths
    balance: float | None  # standardized difference of log popularity; None: too few pairs


def funnel_to_row(funnel: ParticipantFunnel) -> dict[str, Any]:
    """Return a funnel as plain data for the report."""
    return {
        "dealt": funnel.dealt,
        "closed": funnel.closed,
        "complete": funnel.complete,
        "counted": funnel.counted,
        "withdrawn": funnel.withdrawn,
        "completion": funnel.completion,
    }


def batch_to_row(batch: Batch) -> dict[str, Any]:
    """Return a batch as plain data for the report."""
    return {"n": batch.n, "completion": floor_to_tenths(batch.completion), "balance": batch.balance}


def apply_exclusions(
    closed: Iterable[ClosedDeck], study: Study, earlier: Mapping[str, int] = NO_EARLIER_DECKS
) -> list[ClassifiedDeck]:
    """Label each closed deck with its exclusion reason, or None.

    Only a participant's first eligible deck counts. earlier: participant -> when the participant
    closed a deck of the same model version and policy in another study (milliseconds since 1970).
    """
    participants: set[str] = set()
    return [_classify(deck, study, earlier, participants) for deck in closed]


def _classify(
    deck: ClosedDeck, study: Study, earlier: Mapping[str, int], participants: set[str]
) -> ClassifiedDeck:
    """Label one deck, and add its participant to `participants`."""
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
    """Return the facts about the decks for counting, (6, n_decks). Rows: see the names below."""
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
    """Return the number of decks after which each batch of counted decks is full."""
    return np.flatnonzero(facts_table[COUNTED])[batch - 1 :: batch] + 1


def batches_with_withdrawal(counted_decks: Sequence[ClassifiedDeck], batch: int) -> Bools:
    """Return for each full batch of counted decks whether one of its participants is forgotten."""
    is_withdrawn: Bools = np.array([row.withdrawn for row in counted_decks], dtype=np.bool_)
    return np.asarray(is_withdrawn.reshape(-1, batch).any(axis=1))


def participant_counts_at(
    facts_table: Ints, batch_ends: Ints, open_dealt_at: Iterable[int]
) -> list[ParticipantCounts]:
    """Return the participant counts at the end of each batch.

    A deck counts as dealt if it was dealt before the last published deck closed, whether or not it
    is closed by now. So a deck that closes later does not change past counts.
    """
    if not len(batch_ends):
        return []
    dealt_known = facts_table[DEALT_AT][(facts_table[ELIGIBLE] > 0) & (facts_table[WITHDRAWN] == 0)]
    dealt_at = np.sort(np.concatenate([dealt_known, np.fromiter(open_dealt_at, dtype=np.int64)]))
    latest_close = np.maximum.accumulate(facts_table[CLOSED_AT])
    n_counted, n_closed, n_complete, n_withdrawn = facts_table[:4].cumsum(axis=1)[:, batch_ends - 1]
    # "left": a deck of the same millisecond is not counted; a later one could change a decision
    n_before = np.searchsorted(dealt_at, latest_close[batch_ends - 1], side="left")
    n_dealt = np.maximum(n_closed, n_withdrawn + n_before)
    columns = (n_dealt, n_closed, n_complete, n_counted, n_withdrawn)
    return [ParticipantCounts(*each) for each in zip(*(c.tolist() for c in columns), strict=True)]


def exclusion_counts(
    decks: Sequence[ClassifiedDeck], rule: DisclosureRule
) -> dict[ExclusionReason, int | None]:
    """Return the excluded decks per reason, rounded down by `rule`; None below a whole group."""
    counts = Counter(row.exclusion for row in decks)
    return {reason: rule.round_down(counts[reason]) or None for reason in ExclusionReason}
