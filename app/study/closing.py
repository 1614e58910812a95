"""Closing of decks with their scores, and the decision of a study.

Rows are written by the answer that closes a deck, by `study gate`, and by the server once a minute.
Page views and reports write no rows. An overdue deck is stored as closed at the end of its time and
before any later one, so that the result of a study does not change when its rows are written.
"""

import logging

from app.presentation.verdict_text import verdict_text
from app.storage.study_db.records import ClosedBy, Closing, DealtDeck, StudyRow, study_of
from app.storage.study_db.store import StudyStore
from app.storage.study_db.swipes import NO_ANSWERS
from app.study.snapshot import completed_deck, read_earlier_participants, read_snapshot
from app.workspace.json_log import log_extra
from recsys.errors import BrandswipeError
from recsys.report.batches import apply_exclusions
from recsys.report.gate import Outcome, Verdict
from recsys.report.study_result import evaluate_study
from recsys.study.scoring import score_deck, score_to_row

_log = logging.getLogger("brandswipe")


def close_deck(store: StudyStore, row: StudyRow, deck: str) -> Closing:
    """Close a deck for its player and store its score.

    If the deck completes a batch that decides, commit the decision in the same transaction. A deck
    that is already closed stays as it is.
    """
    with store.transaction():
        _close_overdue(store, row)
        existing = store.decks.closing(deck)
        if existing is not None:
            return existing
        closing = _write_closing(store, row, store.decks.get(deck), ClosedBy.PLAYER, store.clock())
        if closing.why_not is None:
            _commit_full_batch(store, row)
        return closing


def close_overdue(store: StudyStore, row: StudyRow) -> None:
    """Close the overdue decks of a study."""
    if store.decks.overdue(row.hash):
        with store.transaction():
            _close_overdue(store, row)


def settle_study(store: StudyStore, row: StudyRow) -> int:
    """Close the overdue decks of a study and commit its decision; return the number of decks."""
    with store.transaction():
        closed = _close_overdue(store, row)
        if store.studies.decision(row.hash) is None:
            commit_decision(store, row, _verdict_now(store, row))
        return closed


def settle_studies(store: StudyStore) -> int:
    """Settle every study that has something to write; return the number of closed decks.

    For the other studies, no write lock is taken. A study that cannot be read is logged, and the
    others are still settled.
    """
    closed = 0
    for row in store.studies.all():
        try:
            if store.decks.overdue(row.hash) or _decides_now(store, row):
                closed += settle_study(store, row)
        except BrandswipeError as error:
            _log.warning("%s is not settled: %s", row.name, error, extra=log_extra("not_settled"))
    return closed


def commit_decision(store: StudyStore, row: StudyRow, verdict: Verdict) -> None:
    """Store a release or hold verdict as the decision of a study, and close the study.

    The first decision stays. An undecided verdict stores nothing.
    """
    if verdict.outcome is Outcome.UNDECIDED:
        return
    with store.transaction():
        reason = {"en": verdict_text("en", verdict)}
        store.studies.record_decision(row.hash, verdict.n, verdict.outcome.value, reason)
        store.studies.close(row.hash, f"decided after {verdict.n} people")


def _decides_now(store: StudyStore, row: StudyRow) -> bool:
    """Return whether an open study without a decision is decided by its answers."""
    if row.closed_at is not None or store.studies.decision(row.hash) is not None:
        return False
    return _verdict_now(store, row).outcome is not Outcome.UNDECIDED


def _verdict_now(store: StudyStore, row: StudyRow) -> Verdict:
    with store.reading():
        snapshot = read_snapshot(store, row, store.studies.all())
    return evaluate_study(snapshot, store.clock()).verdict


def _commit_full_batch(store: StudyStore, row: StudyRow) -> None:
    """Commit the decision if the last deck completed a batch; other decks change no verdict."""
    is_full = store.decks.counted(row.hash) % study_of(row).policy.batch == 0
    if is_full and store.studies.decision(row.hash) is None:
        commit_decision(store, row, _verdict_now(store, row))


def _close_overdue(store: StudyStore, row: StudyRow) -> int:
    """Close overdue decks in the order in which their time ended; return their number."""
    overdue = sorted(store.decks.overdue(row.hash), key=lambda dealt: dealt.closes_at)
    for dealt in overdue:
        closing = _write_closing(store, row, dealt, ClosedBy.TIME, dealt.closes_at)
        if closing.why_not is None:
            _commit_full_batch(store, row)
    return len(overdue)


def _write_closing(
    store: StudyStore, row: StudyRow, dealt: DealtDeck, closed_by: ClosedBy, closed_at: int
) -> Closing:
    """Store when a deck was closed (milliseconds since 1970), with its score or its exclusion."""
    deck = dealt.deck.id
    completed = completed_deck(dealt, closed_at, store.swipes.current(deck).get(deck, NO_ANSWERS))
    earlier_decks = [
        completed_deck(other, closing.closed_at or 0, NO_ANSWERS)
        for other in store.decks.of_participant(dealt.deck.participant)
        if other.deck.study == row.hash and (closing := store.decks.closing(other.deck.id))
    ]
    earlier = read_earlier_participants(store, row)
    *_, classified = apply_exclusions([*earlier_decks, completed], study_of(row), earlier)
    reason = classified.exclusion
    score = score_to_row(score_deck(completed)) if reason is None else None
    return store.decks.close(deck, closed_by, score, reason and reason.value, closed_at)
