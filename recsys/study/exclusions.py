"""Which closed decks count in a study, and why the others do not."""

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

    ORIGIN = "origin"
    THIN_HISTORY = "thin"
    NOT_FIRST = "again"
    TOO_FEW = "too_few"
    TOO_FAST = "too_fast"


COUNTED_ORIGIN = {
    StudyKind.LIVE: Origin.OWN,
    StudyKind.SIMULATED: Origin.SIMULATED,
    StudyKind.PLAYGROUND: Origin.SIMULATED,
}
"""Whose decks a study of a kind counts."""


def is_too_fast(times_ms: Sequence[int], rule: TooFast) -> bool:
    """Return whether these times are too short to have read the cards.

    It is given times and nothing else: leaving people out by their answers moves the result.
    """
    if not times_ms:
        return False
    fast_share = sum(ms < rule.card_ms for ms in times_ms) / len(times_ms)
    return median(times_ms) < rule.median_ms or fast_share > rule.share


class DealtFrom(Protocol):
    """What a deck was dealt from."""

    @property
    def origin(self) -> Origin: ...
    @property
    def evidence(self) -> HistoryDepth: ...


def ineligibility(deck: DealtFrom, kind: StudyKind) -> ExclusionReason | None:
    """Return why a deck of this origin can never count in a study of this kind."""
    if deck.origin is not COUNTED_ORIGIN[kind]:
        return ExclusionReason.ORIGIN
    is_thin = kind is StudyKind.LIVE and deck.evidence is not HistoryDepth.ENOUGH
    return ExclusionReason.THIN_HISTORY if is_thin else None


@dataclass(frozen=True, slots=True)
class ResponseTimes:
    """How a deck was played, and nothing of what was answered: all that leaving out may see."""

    deck: Deck
    answered: frozenset[int]  # positions
    shown_ms: Mapping[int, int]

    @classmethod
    def from_deck(cls, deck: CompletedDeck) -> "ResponseTimes":
        """Return the pace of a closed deck."""
        return cls(deck.deck, frozenset(deck.answers), deck.shown_ms)


def complete_blocks(cards: int, answered: frozenset[int], block: int) -> int:
    """Return how many blocks of a deck of so many cards are answered to the last card."""
    ends = (min(start + block, cards + 1) for start in range(1, cards + 1, block))
    starts = range(1, cards + 1, block)
    return sum(answered.issuperset(range(s, e)) for s, e in zip(starts, ends, strict=True))


def exclusion_reason(
    times: ResponseTimes, kind: StudyKind, policy: Policy
) -> ExclusionReason | None:
    """Return why a deck does not count, leaving aside whether it is the person's first."""
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
