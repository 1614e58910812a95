"""StudySnapshot: all data of a study at one moment, from which its result is computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from recsys.report.batches import ClosedDeck
from recsys.study.exclusions import ineligibility
from recsys.study.policy import Study
from recsys.study.swipes import CompletedDeck


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """The recorded decision of a study. It is never taken back."""

    outcome: str  # a value of Outcome
    n: int  # counted people at the decision


@dataclass(frozen=True, slots=True)
class InvitationList:
    """The invitation list of a study, with facts about the people on it."""

    people: int
    consents: tuple[Mapping[int, bool], ...] = ()  # per person: time -> consent; times ascending
    step_times: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Step -> when people reached it; empty if no step was ever recorded."""
    column_counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Column -> value -> number of invited people."""
    column_values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Participant -> column -> value."""


@dataclass(frozen=True, slots=True)
class StudySnapshot:
    """A study and its decks. All times are milliseconds since 1970."""

    study: Study
    closed: tuple[ClosedDeck, ...] = ()  # in the order of closing
    open: tuple[CompletedDeck, ...] = ()
    """Decks that are not closed yet; `closed_at` is the time of their expiry."""
    earlier: Mapping[str, int] = field(default_factory=dict)  # see `apply_exclusions`
    decision: StoredDecision | None = None
    invitations: InvitationList | None = None  # None: everybody may play

    def closed_by(self, now: int) -> list[ClosedDeck]:
        """Return the closed decks, then the overdue ones in the order of their expiry."""
        overdue = [deck for deck in self.open if deck.closed_at <= now]
        return [*self.closed, *sorted(overdue, key=lambda deck: deck.closed_at)]

    def open_dealt_at(self, now: int) -> list[int]:
        """Return the deal times of the decks that are open at `now` and could still count.

        Only a participant's first deck of the study could count.
        """
        closed = [(deck, False) for deck in self.closed_by(now) if isinstance(deck, CompletedDeck)]
        still_open = [(deck, True) for deck in self.open if deck.closed_at > now]
        seen = {who for who, at in self.earlier.items() if at <= now}
        times = []
        for deck, is_open in sorted([*closed, *still_open], key=lambda pair: pair[0].dealt_at):
            if ineligibility(deck.deck, self.study.kind) is None:
                if is_open and deck.deck.participant not in seen:
                    times.append(deck.dealt_at)
                seen.add(deck.deck.participant)
        return times
