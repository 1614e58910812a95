"""The study database: one file, and one object for the tables of each subject.

Rows are added, never changed. Times are milliseconds since 1970.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from app.storage.study_db.database import now_ms
from app.storage.study_db.decks import DeckTable
from app.storage.study_db.hash_chain import ChainedDatabase
from app.storage.study_db.invitations import InvitationTable
from app.storage.study_db.jobs import JobTable
from app.storage.study_db.participants import ParticipantTable
from app.storage.study_db.records import study_of
from app.storage.study_db.row_codec import canonical_json
from app.storage.study_db.studies import StudyTable
from app.storage.study_db.swipes import SwipeTable
from recsys.study.deck import deck_hash


class StudyStore:
    """The database of studies, decks, swipes and decisions; in memory if no path is given."""

    def __init__(self, path: Path | None = None, clock: Callable[[], int] = now_ms) -> None:
        self.db = ChainedDatabase(path, clock)
        self.studies = StudyTable(self.db)
        self.decks = DeckTable(self.db)
        self.swipes = SwipeTable(self.db)
        self.invitations = InvitationTable(self.db)
        self.participants = ParticipantTable(self.db)
        self.jobs = JobTable(self.db)

    def clock(self) -> int:
        """Return the current time, as new rows store it."""
        return self.db.clock()

    def transaction(self) -> AbstractContextManager[None]:
        """Run a block as a transaction under the write lock: all of it is stored, or nothing."""
        return self.db.transaction()

    def reading(self) -> AbstractContextManager[None]:
        """Run a block of reads against one state of the file, whoever writes meanwhile."""
        return self.db.reading()

    def close(self) -> None:
        """Close the file; everything written is already safe."""
        self.db.close()

    def log_event(self, event: str, **detail: str | int | float | bool | None) -> None:
        """Add an entry to the event log. Never pass a name, pseudonym, customer or brand."""
        row = {"at": self.clock(), "what": event, "detail": canonical_json(detail)}
        with self.transaction():
            self.db.insert("events_log", [row])

    def delete_log_before(self, moment: int) -> int:
        """Delete the log entries before a time; return the number of deleted entries."""
        with self.transaction():
            return self.db.execute("delete from events_log where at < ?", [moment])


def find_mismatches(store: StudyStore) -> list[str]:
    """Return a message for each part of the store that fails its integrity check."""
    orphans = "select distinct deck from swipes where deck not in (select id from decks)"
    return [
        *store.studies.mismatches(lambda row: study_of(row).hash),
        *store.invitations.mismatches(),
        *store.decks.mismatches(deck_hash),
        *(f"deck {row['deck']} is gone, its swipes are there" for row in store.db.query(orphans)),
        *store.db.broken_links(),
    ]


_PART_KEYWORDS = {
    "policy": ("policy", "studies"),
    "model": ("model", "challenger", "papers"),
    "decks": ("deck",),
    "answers": ("swipes", "scores"),
    "invitations": ("invitations", "invited"),
    "decision": ("decisions", "overrides"),
}


def mismatched_parts(mismatches: Iterable[str]) -> list[str]:
    """Return the parts of a study that these messages name, or the chain if they name none."""
    text = " ".join(mismatches)
    parts = [part for part, words in _PART_KEYWORDS.items() if any(word in text for word in words)]
    return parts or ["the chain of rows"]
