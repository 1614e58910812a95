"""A background thread that closes overdue decks and commits decisions, once a minute."""

import logging
import threading

from app.storage.study_db.store import StudyStore
from app.study.closing import settle_studies
from app.workspace.json_log import log_extra
from recsys.errors import WorkspaceError

_log = logging.getLogger("brandswipe")
SWEEP_SECONDS = 60.0


class StudySweep:
    """A thread that settles the studies of a store every `seconds` until `close` is called."""

    def __init__(self, store: StudyStore, seconds: float = SWEEP_SECONDS) -> None:
        self._store, self._seconds = store, seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="study sweep", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread; wait for a running sweep."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                settle_studies(self._store)
            except WorkspaceError as error:  # disk busy or full: the next sweep tries again
                _log.warning("studies are not settled: %s", error, extra=log_extra("not_settled"))
