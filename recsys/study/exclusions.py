"""Exclusion rules: which closed decks count in a study, and why the others do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Protocol

from recsys.study.deck import CardRole, Deck, HistoryDepth, Origin
from recsys.study.policy import Policy, StudyKind, TooFast
from recsys.study.swipes import CompletedDeck


class ExclusionReason(StrEnum):
    """Why a closed deck does not count."""

    ORIGIN = "origin"  # computed from another kind of history, see COUNTED_ORIGIN
    THIN_HISTORY = "thin"
    NOT_FIRST = "again"  # not the participant's first eligible deck
    TOO_FEW = "too_few"  # too few answered blocks, or no answered pick
    TOO_FAST = "too_fast"  # see `is_too_fast`


COUNTED_ORIGIN = {
    StudyKind.LIVE: Origin.OWN,
    StudyKind.SIMULATED: Origin.SIMULATED,
    StudyKind.PLAYGROUND: Origin.SIMULATED,
}
"""The origin of the decks that count, by kind of study."""


def is_too_fast(times_ms: Sequence[int], rule: TooFast) -> bool:
    """Return whether the times (milliseconds per card) are too short for reading the cards.

    The function gets times and nothing else: exclusion by answers would bias the result.
    """
    if not times_ms:
        return False
    fast_share = sum(ms < rule.card_ms for ms in times_ms) / len(times_ms)
    return median(times_ms) < rule.median_ms or fast_share > rule.share


class DealtFrom(Protocol):
    """A deck, or another object with the origin and history depth of a deck."""

    @property
    def origin(self) -> Origin: ...  # kind of history
    @property
    def evidence(self) -> HistoryDepth: ...  # how much history


def ineligibility(deck: DealtFrom, kind: StudyKind) -> ExclusionReason | None:
    """Return why a deck can never count in a study of this kind; None if it can."""
    if deck.origin is not COUNTED_ORIGIN[kind]:
        return ExclusionReason.ORIGIN
    is_thin = kind is StudyKind.LIVE and deck.evidence is not HistoryDepth.ENOUGH
    return ExclusionReason.THIN_HISTORY if is_thin else None


@dataclass(frozen=True, slots=True)
class ResponseTimes:
    """A deck with its times and without its answers: all that an exclusion may depend on."""

    deck: Deck
    answered: frozenset[int]  # positions
    shown_ms: Mapping[int, int]  # by position: milliseconds

    @classmethod
    def from_deck(cls, deck: CompletedDeck) -> "ResponseTimes":
        """Return the response times of a closed deck."""
        return cls(deck.deck, frozenset(deck.answers), deck.shown_ms)


def complete_blocks(cards: int, answered: frozenset[int], block: int) -> int:
    """Return how many blocks are fully answered. cards: deck size; block: cards per block."""
    ends = (min(start + block, cards + 1) for start in range(1, cards + 1, block))
    starts = range(1, cards + 1, block)
    return sum(answered.issuperset(range(s, e)) for s, e in zip(starts, ends, strict=True))


def exclusion_reason(
    times: ResponseTimes, kind: StudyKind, policy: Policy
) -> ExclusionReason | None:
    """Return why a deck does not count, or None. NOT_FIRST is not checked here."""
    reason = ineligibility(times.deck, kind)
    if reason:
        return reason
    answered, cards = times.answered, times.deck.cards
    enough = complete_blocks(len(cards), answered, policy.deck.block) >= policy.whole_blocks
    if not enough or not any(c.role is CardRole.PICK and c.position in answered for c in cards):
        return ExclusionReason.TOO_FEW
    times_ms = [ms for position, ms in times.shown_ms.items() if position in answered]
    return ExclusionReason.TOO_FAST if is_too_fast(times_ms, policy.too_fast) else None


def is_complete(times: ResponseTimes) -> bool:
    """Return whether every card of the deck was answered."""
    return times.answered.issuperset(range(1, len(times.deck.cards) + 1))
