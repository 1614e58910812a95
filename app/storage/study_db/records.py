"""The rows of the study as values. Times are milliseconds since 1970 by the server's clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any

from recsys.study.deck import Deck, HistoryDepth, Origin
from recsys.study.policy import Policy, Study, StudyKind
from recsys.study.swipes import Answer, SwipeKind


def invitation_mark(study: str, pseudonym: str) -> str:
    """Return what stands for an invited person: of one study alone, and no pseudonym."""
    return sha256(f"invited {study} {pseudonym}".encode()).hexdigest()


def invitation_list_hash(marks: Iterable[str]) -> str:
    """Return the hash of an invitation list, whatever its order."""
    return sha256("\n".join(sorted(marks)).encode()).hexdigest()


class ClosedBy(StrEnum):
    """Who closed a deck."""

    PLAYER = "player"
    TIME = "time"


class RejectionReason(StrEnum):
    """Why somebody refused a pick: a tap, if she likes. The latest word on a card holds."""

    GIFT = "gift"
    ONCE = "once"
    USED_TO = "used_to"
    SHARED = "shared"  # it is somebody else's in the account
    BAD = "bad"
    TAKEN_BACK = "taken_back"


class ErasureReason(StrEnum):
    """Why the rows of a participant were erased."""

    REQUESTED = "asked"  # she wished it
    EXPIRED = "time"  # they were kept as long as may be


class FunnelStep(StrEnum):
    """How far an invited person came, before there is a deck that says it."""

    OPENED = "opened"  # the page of the game
    LINKED = "linked"  # the shop knows which customer she is
    ENOUGH = "enough"  # her history is enough to guess from


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study as it was written down. When and why it was closed stands in a row of its own."""

    hash: str
    name: str
    kind: StudyKind
    policy: Mapping[str, Any]
    model: str
    baseline: str
    invitation_seed: int
    attempt: int
    opened_at: int = 0
    closed_at: int | None = None
    why_closed: str | None = None
    challenger: str | None = None  # the second version, in a duel
    plays_from: int | None = None  # no card that counts is dealt before; None: from the opening on
    plays_until: int | None = None  # nor from then on; None: until it is closed

    def is_early(self, now: int) -> bool:
        """Return whether its first day of play is still to come."""
        return self.plays_from is not None and now < self.plays_from

    def is_over(self, now: int) -> bool:
        """Return whether it is closed, or its last day of play is past."""
        return self.closed_at is not None or (
            self.plays_until is not None and now >= self.plays_until
        )

    def not_playable_reason(self, now: int) -> str | None:
        """Return why no card that counts is dealt now, to be read behind its name."""
        if self.closed_at is not None:
            return f"is closed: {self.why_closed}"
        if self.is_over(now):
            return "is over: its last day of play is past"
        return "is not open yet" if self.is_early(now) else None

    @property
    def versions(self) -> tuple[str, ...]:
        """The hashes of the model versions it judges: one, or the two of a comparison."""
        return (self.model,) if self.challenger is None else (self.model, self.challenger)


def study_of(row: StudyRow) -> Study:
    """The study of a stored row."""
    return Study(
        name=row.name,
        kind=row.kind,
        policy=Policy.from_dict(row.policy),
        model=row.model,
        baseline=row.baseline,
        invitation_seed=row.invitation_seed,
        attempt=row.attempt,
        opened_at=row.opened_at,
        challenger=row.challenger,
    )


@dataclass(frozen=True, slots=True)
class DealtDeck:
    """A deck, and the facts of its dealing that are no part of its hash."""

    deck: Deck
    event_store_version: str
    dealt_at: int
    closes_at: int  # whatever the player does
    timings: Mapping[str, float] = field(default_factory=dict)  # stage -> milliseconds
    language: str | None = None  # of the page


@dataclass(frozen=True, slots=True)
class StoredDeck:
    """A deck of any study with when it was closed. Its cards are read when they are asked for."""

    study: str
    participant: str
    origin: Origin
    evidence: HistoryDepth
    closed_at: int | None  # None: it is open
    number: int | None  # place in the order of closing, from 1
    row: Mapping[str, Any]  # as it is stored


@dataclass(frozen=True, slots=True)
class DeckOutline:
    """What a post of swipes is checked against: a deck without what is on its cards."""

    id: str
    participant: str
    cards: int  # how many
    dealt_at: int


@dataclass(frozen=True, slots=True)
class IncomingSwipe:
    """A swipe as the browser sent it, checked for shape and against its deck."""

    id: str
    position: int
    kind: SwipeKind
    answer: Answer | None
    tab: str
    tab_seq: int
    shown_ms: int | None
    input: str
    device_class: str
    client_at: int | None


@dataclass(frozen=True, slots=True)
class SwipeReceipt:
    """What is safely stored of a post, earlier copies included."""

    acknowledged: tuple[str, ...]
    late: tuple[str, ...]  # stored, not counted: they came after the deck was closed
    closed: bool


@dataclass(frozen=True, slots=True)
class CurrentAnswers:
    """What counts of one deck: the answer of the highest server_seq on each position."""

    answers: Mapping[int, Answer]
    shown_ms: Mapping[int, int]  # the longest time that the card lay open
    device: str | None = None  # of the first answer


@dataclass(frozen=True, slots=True)
class Closing:
    """A closed deck. Of a withdrawn one only study, number, reason and score are left."""

    study: str
    number: int  # from 1, in order of closing within the study
    why_not: str | None  # why it is not counted; None where it is
    score: Mapping[str, Any] | None
    deck: str | None = None
    closed_at: int | None = None
    by: ClosedBy | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict of the first batch that decided. It is never taken back."""

    study: str
    batch: int
    outcome: str
    reason: Mapping[str, Any]
    at: int


@dataclass(frozen=True, slots=True)
class Override:
    """What somebody decided against the verdict, and why. It stands for ever."""

    study: str
    outcome: str
    role: str
    reason: str
    at: int


@dataclass(frozen=True, slots=True)
class Consent:
    """The last word of a participant on one version of the consent text."""

    text_version: str
    yes: bool
    at: int


@dataclass(frozen=True, slots=True)
class ErasureCounts:
    """How much went when a participant was forgotten."""

    decks: int
    swipes: int
