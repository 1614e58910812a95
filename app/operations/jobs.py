"""Background jobs, each in its own process: a durable row, live progress, cancel within 2 seconds.

A job survives a reload of the page and a restart of the server. A job is *interrupted* if its
process ended without storing an outcome.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

from app.operations.processes import end_process, start_time
from app.storage.study_db.database import now_ms
from app.storage.study_db.jobs import JobRow, JobState
from app.storage.study_db.store import StudyStore
from app.workspace.json_log import readable_log
from app.workspace.settings import Settings, to_environment
from recsys.errors import UnknownNameError, WorkspaceError
from recsys.progress import WorkStage

EXIT_SECONDS = 10.0  # time for a process to exit after its end is written

TASKS: Mapping[str, str] = {  # kind -> module:function
    "fit": "app.operations.job_tasks:fit",
    "evaluate": "app.operations.job_tasks:evaluate",
    "compare": "app.operations.job_tasks:compare",
    "power": "app.operations.job_tasks:power",
}
"""The function that does the work of each kind. The row of a job holds only its kind."""

FORMER: Mapping[str, str] = {  # module:function of an earlier version -> kind
    "app.work:fit": "fit",
    "app.work:evaluate": "evaluate",
    "app.work:compare": "compare",
    "app.work:power": "power",
}
"""Targets that a running server of an earlier version may pass. Add a line when a task moves."""


def target_of(said: str) -> str:
    """Return the current module:function for a kind, a former target or a current target."""
    return TASKS.get(FORMER.get(said, said), said)


@dataclass(frozen=True, slots=True)
class Job:
    """A background job in its current state."""

    id: str
    kind: str
    args: Mapping[str, Any]
    state: JobState
    started_at: int  # milliseconds since 1970
    ended_at: int | None
    message: str  # about the end, for the user; empty before
    stage: str
    fraction: float  # 0 to 1, within the stage
    heartbeat: int | None  # milliseconds since 1970
    stage_since: int | None = None  # milliseconds since 1970
    notes: Mapping[str, float] = field(default_factory=dict)  # other numbers of the stage


class Jobs:
    """Starts, watches and cancels background jobs. A workspace runs one at a time."""

    def __init__(
        self,
        settings: Settings,
        store: StudyStore,
        tasks: Mapping[str, str] = TASKS,
        python: str = sys.executable,
    ) -> None:
        self.settings = settings
        self.store = store
        self.tasks = tasks
        self.python = python
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, kind: str, args: Mapping[str, Any]) -> Job:
        """Start a job. Raises WorkspaceError while another runs, UnknownNameError for its kind."""
        if kind not in self.tasks:
            raise UnknownNameError("work", kind, self.tasks)
        self._end_dead_jobs()
        row = self.store.jobs.add(token_hex(8), kind, dict(args))
        if row is None:
            busy = self.store.jobs.open()
            raise WorkspaceError(
                f"A {busy[0].kind if busy else kind} is running already: wait for it, or cancel it."
            )
        try:
            child = self._launch(row.id, kind)
        except OSError as error:
            self.store.jobs.end(
                row.id, JobState.FAILED, f"It could not be started: {error.strerror}."
            )
            raise WorkspaceError(
                f"The process could not be started ({error.strerror}): make room and try again."
            ) from error
        self._children[row.id] = child
        self.store.jobs.record_process(row.id, child.pid, start_time(child.pid) or "")
        return self.job(row.id)

    def job(self, id: str) -> Job:
        """Return a job in its current state. Raises UnknownNameError for an unknown id."""
        row = self.store.jobs.get(id)
        if row is None:
            raise UnknownNameError("job", id, (row.id for row in self.store.jobs.all()))
        if row.outcome is None and not self._is_alive(row):
            self._end(row, JobState.INTERRUPTED, "Its process ended before the work was done.")
            row = self.store.jobs.get(id) or row
        return _to_job(row, _read_json(self._file(id)))

    def jobs(self) -> list[Job]:
        """Return all jobs in their current state, the newest first."""
        return [self.job(row.id) for row in self.store.jobs.all()]

    def running(self) -> Job | None:
        """Return the job that is running now, or None."""
        jobs = (self.job(row.id) for row in self.store.jobs.open())
        return next((job for job in jobs if job.state is JobState.RUNNING), None)

    def cancel(self, id: str) -> Job:
        """End the process of a running job, found by PID and start time. Ended jobs stay."""
        row = self.store.jobs.get(id)
        if row and row.outcome is None and row.pid and self._is_alive(row):
            end_process(row.pid, row.born or "", self._children.get(id))
            self._end(row, JobState.CANCELLED, "Cancelled.")
        return self.job(id)

    def log(self, id: str) -> str:
        """Return the log of a job as text, each message after its time of day."""
        path = self._file(id).with_suffix(".log")
        return (
            readable_log(path.read_text(encoding="utf-8", errors="replace"))
            if path.exists()
            else ""
        )

    def result(self, id: str) -> dict[str, Any] | None:
        """Return the result of a job; None if it has no result or was not done."""
        return _read_json(result_file(self.settings.workspace, id)) or None

    def close(self) -> None:
        """Wait until the processes of ended jobs exit. A running job survives the server."""
        for id, child in self._children.items():
            if self.job(id).state is not JobState.RUNNING:
                with suppress(subprocess.TimeoutExpired):  # its end is written, it only has to exit
                    child.wait(EXIT_SECONDS)

    def _launch(self, id: str, kind: str) -> subprocess.Popen[bytes]:
        folder = self.settings.workspace / "jobs"
        folder.mkdir(parents=True, exist_ok=True)
        workspace = str(self.settings.workspace.resolve())
        with self._file(id).with_suffix(".log").open("wb") as log:
            return subprocess.Popen(
                [
                    self.python,
                    "-m",
                    "app.operations.job_worker",
                    workspace,
                    id,
                    self.tasks[kind],
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | to_environment(self.settings),
                start_new_session=True,
            )

    def _is_alive(self, row: JobRow) -> bool:
        child = self._children.get(row.id)
        if child is not None:
            return child.poll() is None
        if row.pid is None:  # another process may be just starting it
            return now_ms() - row.started_at < 10_000
        return start_time(row.pid) == row.born

    def _end(self, row: JobRow, state: JobState, message: str) -> None:
        self.store.jobs.end(row.id, state, message)

    def _end_dead_jobs(self) -> None:
        for row in self.store.jobs.open():
            self.job(row.id)

    def _file(self, id: str) -> Path:
        return self.settings.workspace / "jobs" / f"{id}.json"


def result_file(workspace: Path, id: str) -> Path:
    """Return the path of a job's result."""
    return workspace / "jobs" / f"{id}.result.json"


def _to_job(row: JobRow, progress: Mapping[str, Any]) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        args=row.args,
        state=JobState(row.outcome) if row.outcome else JobState.RUNNING,
        started_at=row.started_at,
        ended_at=row.ended_at,
        message=row.message or "",
        stage=str(progress.get("stage", WorkStage.STARTING)),
        fraction=float(progress.get("fraction", 0.0)),
        heartbeat=progress.get("heartbeat"),
        stage_since=progress.get("since"),
        notes=progress.get("notes", {}),
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
