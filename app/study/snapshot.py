"""Snapshot of a stored study: each table is read once, and nothing is written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from app.storage.study_db.records import (
    Closing,
    CurrentAnswers,
    DealtDeck,
    Decision,
    StoredDeck,
    StudyRow,
    study_of,
)
from app.storage.study_db.row_codec import dealt_from_row, score_of
from app.storage.study_db.store import StudyStore
from app.storage.study_db.swipes import NO_ANSWERS
from recsys.report.batches import ClosedDeck
from recsys.report.snapshot import StoredDecision, StudySnapshot
from recsys.study.exclusions import ExclusionReason, ineligibility
from recsys.study.policy import Policy, StudyKind
from recsys.study.swipes import CompletedDeck


def read_snapshot(
    store: StudyStore,
    row: StudyRow,
    studies: Sequence[StudyRow],
    decision: Decision | None = None,
) -> StudySnapshot:
    """Return the current snapshot of a study.

    `studies` are all studies of the store; `decision` is the stored decision of this one.
    """
    excluding = _excluding_studies(store, row, studies)
    stored = store.decks.with_closings([row.hash, *excluding])
    own = {deck.row["id"]: deck for deck in stored if deck.study == row.hash}
    answers = store.swipes.current(*own)
    decks = {id: _completed(deck, answers.get(id, NO_ANSWERS)) for id, deck in own.items()}
    return StudySnapshot(
        study=study_of(row),
        closed=tuple(_closed_decks(store.decks.scores(row.hash), own, decks)),
        open=tuple(decks[id] for id, deck in own.items() if deck.closed_at is None),
        earlier=_earlier_participants(row, excluding, stored),
        decision=None if decision is None else StoredDecision(decision.outcome, decision.batch),
        invitations=store.invitations.snapshot(
            row.hash, {deck.participant for deck in own.values()}
        ),
    )


def read_earlier_participants(store: StudyStore, row: StudyRow) -> dict[str, int]:
    """Return who cannot count because of another study, and since when: see `apply_exclusions`."""
    excluding = _excluding_studies(store, row, store.studies.all())
    return _earlier_participants(row, excluding, store.decks.with_closings([*excluding]))


def completed_deck(dealt: DealtDeck, closed_at: int, current: CurrentAnswers) -> CompletedDeck:
    """Return a deck with its answers, as the report reads it."""
    return CompletedDeck(
        deck=dealt.deck,
        answers=current.answers,
        shown_ms=current.shown_ms,
        dealt_at=dealt.dealt_at,
        closed_at=closed_at,
        language=dealt.language,
        device=current.device,
    )


def _completed(stored: StoredDeck, current: CurrentAnswers) -> CompletedDeck:
    """Return a deck with its answers; `closed_at` of an open deck is the end of its time."""
    dealt = dealt_from_row(dict(stored.row))
    closed_at = dealt.closes_at if stored.closed_at is None else stored.closed_at
    return completed_deck(dealt, closed_at, current)


def _closed_decks(
    scores: Iterable[Closing], own: Mapping[str, StoredDeck], decks: Mapping[str, CompletedDeck]
) -> Iterator[ClosedDeck]:
    """Yield the closed decks in order; a withdrawn one as its scores or its exclusion reason."""
    by_number = {deck.number: decks[id] for id, deck in own.items() if deck.number is not None}
    for closing in scores:
        if closing.number in by_number:
            yield by_number[closing.number]
        elif closing.why_not is not None:
            yield ExclusionReason(closing.why_not)
        elif closing.score is not None:
            yield score_of(closing.score)


def _excluding_studies(
    store: StudyStore, row: StudyRow, studies: Iterable[StudyRow]
) -> dict[str, bool]:
    """Return the studies that exclude their participants from this one, by hash.

    True: the answers of the other study trained a version of this one; its participants never
    count here. False: another live study of the same versions and policy; participants count in
    the study that they played first. Simulated people are different in every study.
    """
    if row.kind is not StudyKind.LIVE:
        return {}
    policy = Policy.from_dict(row.policy).hash
    repeats = {
        other.hash: False
        for other in studies
        if other.hash != row.hash
        and other.kind is row.kind
        and (other.model, other.challenger) == (row.model, row.challenger)
        and Policy.from_dict(other.policy).hash == policy
    }
    return repeats | dict.fromkeys(store.studies.training_studies(*row.versions), True)


def _earlier_participants(
    row: StudyRow, excluding: Mapping[str, bool], stored: Iterable[StoredDeck]
) -> dict[str, int]:
    """Return when participants closed a deck in one of these studies; 0 excludes them in any case.

    An open deck has the end of its time.
    """
    earliest: dict[str, int] = {}
    for deck in stored:
        if deck.study not in excluding:
            continue
        closed_at = deck.row["closes_at"] if deck.closed_at is None else deck.closed_at
        if excluding[deck.study]:
            earliest[deck.participant] = 0 if deck.closed_at is not None else closed_at
        elif ineligibility(deck, row.kind) is None:
            earliest[deck.participant] = min(closed_at, earliest.get(deck.participant, closed_at))
    return earliest
