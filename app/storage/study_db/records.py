"""The rows of the study database as dataclasses. Times: milliseconds since 1970, server clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any

from recsys.study.deck import Deck, HistoryDepth, Origin
from recsys.study.policy import Policy, Study, StudyKind
from recsys.study.swipes import Answer, SwipeKind


def invitation_mark(study: str, pseudonym: str) -> str:
    """Return the hash that marks an invited person in one study. It reveals no pseudonym."""
    return sha256(f"invited {study} {pseudonym}".encode()).hexdigest()


def invitation_list_hash(marks: Iterable[str]) -> str:
    """Return the hash of an invitation list; the order of the marks does not matter."""
    return sha256("\n".join(sorted(marks)).encode()).hexdigest()


class ClosedBy(StrEnum):
    """What closed a deck."""

    PLAYER = "player"
    TIME = "time"  # the end of its time


class RejectionReason(StrEnum):
    """Optional reason why a participant refused a pick. The latest reason of a card is valid."""

    GIFT = "gift"
    ONCE = "once"
    USED_TO = "used_to"
    SHARED = "shared"  # another person who uses the account buys this brand
    BAD = "bad"
    TAKEN_BACK = "taken_back"


class ErasureReason(StrEnum):
    """Why the rows of a participant were erased."""

    REQUESTED = "asked"  # the participant asked for it
    EXPIRED = "time"  # the retention time is over


class FunnelStep(StrEnum):
    """A step of an invited person before the first deck."""

    OPENED = "opened"  # the page of the game was opened
    LINKED = "linked"  # the shop knows which customer the person is
    ENOUGH = "enough"  # the history is long enough for recommendations


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A stored study. `closed_at` and `why_closed` come from a separate row, added at closing."""

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
    challenger: str | None = None  # the second version, in a paired comparison
    plays_from: int | None = None  # first time of decks that count; None: from the opening on
    plays_until: int | None = None  # end of that period, exclusive; None: until it is closed

    def is_early(self, now: int) -> bool:
        """Return whether the first day of play is still to come."""
        return self.plays_from is not None and now < self.plays_from

    def is_over(self, now: int) -> bool:
        """Return whether the study is closed or its last day of play is past."""
        return self.closed_at is not None or (
            self.plays_until is not None and now >= self.plays_until
        )

    def not_playable_reason(self, now: int) -> str | None:
        """Return why no deck that counts is dealt now, as words after the study's name, or None."""
        if self.closed_at is not None:
            return f"is closed: {self.why_closed}"
        if self.is_over(now):
            return "is over: its last day of play is past"
        return "is not open yet" if self.is_early(now) else None

    @property
    def versions(self) -> tuple[str, ...]:
        """The hashes of the judged model versions: one, or the two of a paired comparison."""
        return (self.model,) if self.challenger is None else (self.model, self.challenger)


def study_of(row: StudyRow) -> Study:
    """Return the `Study` of a stored row."""
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
    """A deck with the facts of its dealing, which are not part of its hash."""

    deck: Deck
    event_store_version: str
    dealt_at: int
    closes_at: int  # end of its time, whatever the player does
    timings: Mapping[str, float] = field(default_factory=dict)  # stage -> milliseconds
    language: str | None = None  # of the page


@dataclass(frozen=True, slots=True)
class StoredDeck:
    """A deck of any study with its closing time. Its cards are not parsed yet."""

    study: str
    participant: str
    origin: Origin
    evidence: HistoryDepth
    closed_at: int | None  # None: no closing is stored
    number: int | None  # in order of closing within the study, from 1
    row: Mapping[str, Any]  # the stored row


@dataclass(frozen=True, slots=True)
class DeckOutline:
    """The facts of a deck for checking incoming swipes, without the content of its cards."""

    id: str
    participant: str
    cards: int  # number of cards
    dealt_at: int


@dataclass(frozen=True, slots=True)
class IncomingSwipe:
    """A swipe as the browser sent it, after its format and its deck were checked."""

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
    """The swipes of one request that are safely stored, by this request or an earlier one."""

    acknowledged: tuple[str, ...]
    late: tuple[str, ...]  # stored, not counted: received after the deck was closed
    closed: bool


@dataclass(frozen=True, slots=True)
class CurrentAnswers:
    """The current answers of one deck: for each position the one with the highest server_seq."""

    answers: Mapping[int, Answer]
    shown_ms: Mapping[int, int]  # the longest time that the card was shown
    device: str | None = None  # class of the device of the first swipe


@dataclass(frozen=True, slots=True)
class Closing:
    """A closed deck. A withdrawn one has only its study, number, exclusion reason and score."""

    study: str
    number: int  # from 1, in order of closing within the study
    why_not: str | None  # why it does not count; None if it counts
    score: Mapping[str, Any] | None
    deck: str | None = None
    closed_at: int | None = None
    by: ClosedBy | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict of the first batch that decided. It is never changed."""

    study: str
    batch: int
    outcome: str
    reason: Mapping[str, Any]
    at: int


@dataclass(frozen=True, slots=True)
class Override:
    """A person's decision against the verdict, and the reason. It is never deleted."""

    study: str
    outcome: str
    role: str
    reason: str
    at: int


@dataclass(frozen=True, slots=True)
class Consent:
    """A participant's answer to one version of the consent text."""

    text_version: str
    yes: bool
    at: int


@dataclass(frozen=True, slots=True)
class ErasureCounts:
    """Numbers of decks and swipes that an erasure deleted."""

    decks: int
    swipes: int
