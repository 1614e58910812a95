"""The process of one job: `python -m app.operations.job_worker WORKSPACE JOB MODULE:FUNCTION`.

The function is called with the settings, the arguments and a callable for progress; what it
returns is the message of the end, or `Ended` with a result that is kept beside the job.
"""

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from app.operations.jobs import target_of
from app.storage.study_db.database import now_ms
from app.storage.study_db.jobs import Ended, State
from app.storage.study_db.store import Store
from app.workspace import json_log
from app.workspace.json_log import event, fault
from app.workspace.settings import Settings, read
from recsys.errors import BrandswipeError, UnknownNameError, WorkspaceError

Progress = Callable[[str, float], None]
Work = Callable[[Settings, dict[str, Any], Progress], object]
NICENESS = 10
HEARTBEAT = 1.0  # seconds
_log = logging.getLogger("brandswipe")


def run(settings: Settings, id: str, target: str) -> State:
    """Do the work of one job in this process and write its end."""
    store = Store(settings.store_path)
    row = store.job(id)
    if row is None:
        raise UnknownNameError("job", id, ())
    state, message = State.DONE, ""
    with _Reporter(settings.workspace / "jobs" / f"{id}.json") as progress:
        try:
            message = _kept(_function(target)(settings, row.args, progress), settings, id)
        except BrandswipeError as error:
            state, message = State.FAILED, str(error)
        except Exception as error:
            _log.error("the work failed: %s", fault(error), extra=event("job_failed"))
            state = State.FAILED
            message = f"It stopped with an error of ours ({type(error).__name__}): see its log."
    # before the row: whoever sees that the work has ended finds its journal whole
    _log.info("The work is %s.", state.value, extra=event("job_ended"))
    store.end_job(id, state, message)
    store.close()
    return state


def _kept(ended: object, settings: Settings, id: str) -> str:
    """Keep the result of work, if it has one, whole or not at all; return its message."""
    if not isinstance(ended, Ended):
        return str(ended or "")
    path = settings.workspace / "jobs" / f"{id}.result.json"
    aside = path.with_suffix(".new")
    try:
        aside.write_text(json.dumps(ended.result, allow_nan=False), encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        raise WorkspaceError(
            f"The result could not be kept in {path.parent} ({error.strerror}): make room and "
            "start it again."
        ) from error
    return ended.message


class _Reporter:
    """Writes progress beside the store, whole each time; beats while the work is silent."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._said = ("starting", 0.0)
        self._since = now_ms()
        self._notes: dict[str, float] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._beat = threading.Thread(target=self._beats, daemon=True)

    def __enter__(self) -> Progress:
        self._write()
        self._beat.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._beat.join()

    def __call__(self, stage: str, fraction: float) -> None:
        if stage != self._said[0]:
            self._since, self._notes = now_ms(), {}
        self._said = (stage, min(max(float(fraction), 0.0), 1.0))
        self._write()

    def note(self, facts: Mapping[str, float]) -> None:
        """Keep numbers beside the share of this stage, such as a loss; told with the next one."""
        self._notes = {**self._notes, **facts}

    def _beats(self) -> None:
        while not self._over.wait(HEARTBEAT):
            self._write()

    def _write(self) -> None:
        with self._lock:
            stage, fraction = self._said
            said = {
                "stage": stage,
                "fraction": fraction,
                "since": self._since,
                "notes": self._notes,
                "heartbeat": now_ms(),
            }
            aside = self._path.with_suffix(".new")
            aside.write_text(json.dumps(said), encoding="utf-8")
            aside.replace(self._path)


def _function(target: str) -> Work:
    module, _, name = target_of(target).partition(":")
    work: Work = getattr(import_module(module), name)
    return work


def main() -> None:
    """Run the job that the command line names."""
    workspace, id, target = sys.argv[1:]
    os.nice(NICENESS)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that half-written files are removed
    with json_log.kept():
        ended = run(read(workspace), id, target)
    sys.exit(ended is not State.DONE)


if __name__ == "__main__":
    main()
