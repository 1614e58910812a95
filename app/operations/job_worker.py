"""The process of one job: `python -m app.operations.job_worker WORKSPACE JOB MODULE:FUNCTION`.

The function is called with the settings, the arguments and a progress callback. It returns the
final message, or a `JobResult` with a result that is saved beside the job.
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
from app.storage.study_db.jobs import JobResult, JobState
from app.storage.study_db.store import StudyStore
from app.workspace import json_log
from app.workspace.json_log import describe_error, log_extra
from app.workspace.settings import Settings, read_settings
from recsys.errors import BrandswipeError, UnknownNameError, WorkspaceError
from recsys.progress import ProgressCallback, WorkStage

JobTask = Callable[[Settings, dict[str, Any], ProgressCallback], object]
NICENESS = 10
HEARTBEAT = 1.0  # seconds between writes while a stage reports nothing
_log = logging.getLogger("brandswipe")


def run_job(settings: Settings, id: str, target: str) -> JobState:
    """Run one job in this process and write its end. Raises UnknownNameError for an unknown id."""
    store = StudyStore(settings.store_path)
    row = store.jobs.get(id)
    if row is None:
        raise UnknownNameError("job", id, ())
    state, message = JobState.DONE, ""
    with _ProgressReporter(settings.workspace / "jobs" / f"{id}.json") as progress:
        try:
            message = _save_result(_load_task(target)(settings, row.args, progress), settings, id)
        except BrandswipeError as error:
            state, message = JobState.FAILED, str(error)
        except Exception as error:
            _log.error("the work failed: %s", describe_error(error), extra=log_extra("job_failed"))
            state = JobState.FAILED
            message = f"It stopped with an error of ours ({type(error).__name__}): see its log."
    # before the row: the log must be complete when the job reads as ended
    _log.info("The work is %s.", state.value, extra=log_extra("job_ended"))
    store.jobs.end(id, state, message)
    store.close()
    return state


def _save_result(outcome: object, settings: Settings, id: str) -> str:
    """Save the result of a job atomically, if it has one; return its message."""
    if not isinstance(outcome, JobResult):
        return str(outcome or "")
    path = settings.workspace / "jobs" / f"{id}.result.json"
    temp_path = path.with_suffix(".new")
    try:
        temp_path.write_text(json.dumps(outcome.result, allow_nan=False), encoding="utf-8")
        temp_path.replace(path)
    except OSError as error:
        raise WorkspaceError(
            f"The result could not be kept in {path.parent} ({error.strerror}): make room and "
            "start it again."
        ) from error
    return outcome.message


class _ProgressReporter:
    """Writes the progress file atomically, and a heartbeat while the job reports nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._latest = (str(WorkStage.STARTING), 0.0)
        self._since = now_ms()
        self._notes: dict[str, float] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._heartbeat = threading.Thread(target=self._keep_beating, daemon=True)

    def __enter__(self) -> ProgressCallback:
        self._write()
        self._heartbeat.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._heartbeat.join()

    def __call__(self, stage: str, fraction: float) -> None:
        if stage != self._latest[0]:
            self._since, self._notes = now_ms(), {}
        self._latest = (stage, min(max(float(fraction), 0.0), 1.0))
        self._write()

    def note(self, facts: Mapping[str, float]) -> None:
        """Add numbers to this stage, such as a loss; the next write includes them."""
        self._notes = {**self._notes, **facts}

    def _keep_beating(self) -> None:
        while not self._stopping.wait(HEARTBEAT):
            self._write()

    def _write(self) -> None:
        with self._lock:
            stage, fraction = self._latest
            record = {
                "stage": stage,
                "fraction": fraction,
                "since": self._since,
                "notes": self._notes,
                "heartbeat": now_ms(),
            }
            temp_path = self._path.with_suffix(".new")
            temp_path.write_text(json.dumps(record), encoding="utf-8")
            temp_path.replace(self._path)


def _load_task(target: str) -> JobTask:
    module, _, name = target_of(target).partition(":")
    task: JobTask = getattr(import_module(module), name)
    return task


def main() -> None:
    """Run the job that is named on the command line."""
    workspace, id, target = sys.argv[1:]
    os.nice(NICENESS)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that half-written files are removed
    with json_log.json_logging():
        state = run_job(read_settings(workspace), id, target)
    sys.exit(state is not JobState.DONE)


if __name__ == "__main__":
    main()
