"""A study's result: closing its decks, reading its report, taking its decision."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import inf

from app.storage.study_db.records import (
    ClosedBy,
    Closing,
    CurrentAnswers,
    DealtDeck,
    Decision,
    Override,
    StudyRow,
    study_of,
)
from app.storage.study_db.row_codec import score_of
from app.storage.study_db.store import StudyStore
from app.study.invited import invitation_funnel, list_frame_shares
from app.workspace import json_log
from app.workspace.workspace import Workspace
from recsys.errors import BadInputError, IntegrityError
from recsys.report import gate
from recsys.report.batches import ClosedDeck, apply_exclusions
from recsys.report.evaluate import build_report
from recsys.report.gate import Verdict
from recsys.report.report_data import Report
from recsys.report.representativeness import FrameShare
from recsys.study.policy import Policy, Study, StudyKind
from recsys.study.scoring import (
    CompletedDeck,
    ExclusionReason,
    ineligibility,
    score_deck,
    score_to_row,
)
from recsys.study.swipes import current_answers


def _same_policy(row: StudyRow, policy: Policy) -> bool:
    return Policy.from_dict(row.policy).hash == policy.hash


def latest_study(store: StudyStore, name: str | None = None) -> StudyRow:
    """The study of that name, or the one opened last that is no playground."""
    if name is not None:
        return store.study(name)
    for row in store.studies():
        if row.kind is not StudyKind.PLAYGROUND:
            return row
    raise BadInputError("There is no study yet. Open one with `brandswipe study open`.")


@dataclass(frozen=True, slots=True)
class StudyResult:
    """What a study says now. Once decided, the decision stands."""

    row: StudyRow
    report: Report
    verdict: Verdict
    decision: Decision | None
    overrides: tuple[Override, ...] = ()
    invited: int | None = None  # None: there is no list, and everybody may play
    consented: int | None = None  # of those: at least so many had said yes by the last batch
    step_counts: Mapping[str, int] = field(default_factory=dict)  # by step, where noted
    frame_shares: Mapping[str, tuple[FrameShare, ...]] = field(default_factory=dict)  # by column


def judge_study(store: StudyStore, row: StudyRow) -> StudyResult:
    """Read the report of a study; the first batch that decides writes the decision and closes it.

    Raises IntegrityError where a decision stands that the answers no longer give.
    """
    study = study_of(row)
    earlier_participants = _earlier_participants(store, row)
    open_deck_times = _open_deck_times(store, row, study, earlier_participants)
    report = build_report(
        study, list(_closed_decks(store, row)), open_deck_times, earlier=earlier_participants
    )
    json_log.not_computed(report.failures)
    decision = store.decision(row.hash)
    withdrawn = any(closing.deck is None for closing in store.closings(row.hash))
    verdict = _verdict(report, study.policy, decision if withdrawn else None)
    if decision is None and verdict.outcome is not gate.Outcome.UNDECIDED:
        decision = store.record_decision(
            row.hash, verdict.n, verdict.outcome.value, {"en": verdict.reason}
        )
        store.close_study(row.hash, f"decided after {verdict.n} people")
    if decision and (decision.outcome, decision.batch) != (verdict.outcome.value, verdict.n):
        raise IntegrityError(
            f"The decision of {row.name} was {decision.outcome} after {decision.batch} people, "
            f"but its answers now say {verdict.outcome.value} after {verdict.n}: restore the study "
            "from a backup."
        )
    overrides = tuple(store.overrides(row.hash))
    funnel = invitation_funnel(store, row.hash, report)
    shares = list_frame_shares(store, row.hash, report)
    return StudyResult(store.study(row.hash), report, verdict, decision, overrides, *funnel, shares)


def _verdict(report: Report, policy: Policy, decision: Decision | None) -> Verdict:
    """What the answers say; of a decision whose answers were forgotten in part, what stays says.

    Completion and balance were seen to when the study decided. They need the decks themselves, and
    a forgotten one is gone; the scores still give the outcome at its batch.
    """
    if decision is not None:
        reduced_policy = replace(
            policy, completion=_ANY_SHARE, balance=inf, least_players=decision.batch
        )
        return gate.first_decision(report, reduced_policy) or gate.decide(report, policy)
    return gate.decide(report, policy)


_ANY_SHARE = 1e-9  # a share above none


def _closed_decks(store: StudyStore, row: StudyRow) -> Iterator[ClosedDeck]:
    """The closed decks in order; of a withdrawn one its scores alone, or why it did not count."""
    decks = {dealt.deck.id: dealt for dealt in store.decks_of(row.hash)}
    answers_by_deck = store.current_answers_by_deck(row.hash)
    for closing in store.closings(row.hash):
        dealt_deck = decks.get(closing.deck or "")
        if dealt_deck is not None:
            yield completed_deck(dealt_deck, closing, answers_by_deck.get(dealt_deck.deck.id))
        elif closing.why_not is not None:
            yield ExclusionReason(closing.why_not)
        elif closing.score is not None:
            yield score_of(closing.score)


def _open_deck_times(
    store: StudyStore, row: StudyRow, study: Study, earlier_participants: Mapping[str, int]
) -> list[int]:
    """When those decks were dealt that are open and could count: of each person the first."""
    closed = {closing.deck for closing in store.closings(row.hash)}
    participants, times = set(earlier_participants), []
    for dealt_deck in store.decks_of(row.hash):
        if ineligibility(dealt_deck.deck, study.kind) is None:
            if dealt_deck.deck.id not in closed and dealt_deck.deck.participant not in participants:
                times.append(dealt_deck.dealt_at)
            participants.add(dealt_deck.deck.participant)
    return times


def _earlier_participants(store: StudyStore, row: StudyRow) -> dict[str, int]:
    """When people closed a deck of the same model and policy in another live study.

    Whose answers the model has learnt from was always earlier. Simulated people are others in every
    study, by their pseudonyms.
    """
    if row.kind is not StudyKind.LIVE:
        return {}
    earliest = _training_participants(store, row)
    for other in store.studies():
        is_repeat = other.kind is row.kind and other.hash != row.hash
        is_repeat = is_repeat and (other.model, other.challenger) == (row.model, row.challenger)
        if is_repeat and _same_policy(other, study_of(row).policy):
            for dealt_deck, closed_at in _dealt_and_closed(store, other):
                if ineligibility(dealt_deck.deck, row.kind) is None:
                    participant = dealt_deck.deck.participant
                    earliest[participant] = min(closed_at, earliest.get(participant, closed_at))
    return earliest


def _training_participants(store: StudyStore, row: StudyRow) -> dict[str, int]:
    """The people whose answers a version of a study has learnt from: they never judge it."""
    return {
        dealt.deck.participant: 0
        for version in row.versions
        for teacher in store.training_studies(version)
        for dealt, _ in _dealt_and_closed(store, store.study(teacher))
    }


def _dealt_and_closed(store: StudyStore, row: StudyRow) -> Iterator[tuple[DealtDeck, int]]:
    """The decks of a study that are closed, and when they were."""
    closed_at_of = {closing.deck: closing.closed_at for closing in store.closings(row.hash)}
    for dealt_deck in store.decks_of(row.hash):
        closed_at = closed_at_of.get(dealt_deck.deck.id)
        if closed_at is not None:
            yield dealt_deck, closed_at


def completed_deck(
    dealt_deck: DealtDeck, closing: Closing, current: CurrentAnswers | None
) -> CompletedDeck:
    """A closed deck as the report reads it."""
    return CompletedDeck(
        deck=dealt_deck.deck,
        answers=current.answers if current else {},
        shown_ms=current.shown_ms if current else {},
        dealt_at=dealt_deck.dealt_at,
        closed_at=closing.closed_at or 0,
        language=dealt_deck.language,
        device=current.device if current else None,
    )


def close_deck(store: StudyStore, row: StudyRow, deck: str, closed_by: ClosedBy) -> Closing:
    """Close a deck; its scores enter the study once, now."""
    dealt_deck, study = store.deck(deck), study_of(row)
    current = _read_current_answers(store, deck)
    completed = CompletedDeck(
        dealt_deck.deck, current.answers, current.shown_ms, dealt_deck.dealt_at, store.clock()
    )
    participant_decks = [*_earlier_decks(store, dealt_deck), completed]
    reason = apply_exclusions(participant_decks, study, _earlier_participants(store, row))[
        -1
    ].exclusion
    if completed.answers and reason is None:
        return store.close_deck(deck, closed_by, score_to_row(score_deck(completed)))
    return store.close_deck(deck, closed_by, None, reason.value if reason else None)


def _read_current_answers(store: StudyStore, deck: str) -> CurrentAnswers:
    swipes = store.swipes_of(deck)
    shown: dict[int, int] = {}
    for swipe in swipes:
        shown[swipe.position] = max(swipe.shown_ms or 0, shown.get(swipe.position, 0))
    return CurrentAnswers(current_answers(swipes), shown)


def _earlier_decks(store: StudyStore, dealt_deck: DealtDeck) -> list[CompletedDeck]:
    """What the same person closed in the same study before."""
    return [
        CompletedDeck(other.deck, {}, {}, other.dealt_at, closing.closed_at or 0)
        for other in store.decks_by(dealt_deck.deck.participant)
        if other.deck.study == dealt_deck.deck.study and (closing := store.closing(other.deck.id))
    ]


def close_overdue(store: StudyStore, row: StudyRow) -> int:
    """Close every deck of a study whose time is over; return how many."""
    overdue = store.overdue_decks(row.hash)
    for dealt_deck in overdue:
        close_deck(store, row, dealt_deck.deck.id, ClosedBy.TIME)
    return len(overdue)


@dataclass(frozen=True, slots=True)
class HumanEvaluation:
    """One study of a version."""

    result: StudyResult

    @property
    def outcome(self) -> str:
        """Release, hold or undecided; of an overridden one what the answers said."""
        return self.result.verdict.outcome.value


def evaluate_studies_of_version(workspace: Workspace, model: str) -> list[HumanEvaluation]:
    """Return the studies that judge a version, the newest first, each judged now."""
    rows = [
        row
        for row in workspace.store.studies()
        if model in row.versions and row.kind is not StudyKind.PLAYGROUND
    ]
    return [HumanEvaluation(judge_study(workspace.store, row)) for row in rows]
