"""Rows of long work: one when it starts, one when it ends, whatever happens between."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.storage.study_db.hash_chain import ChainedDatabase
from app.storage.study_db.row_codec import canonical_json


class JobState(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class JobRow:
    """One piece of long work. `outcome` is None until an end was written."""

    id: str
    kind: str
    args: dict[str, Any]
    started_at: int
    pid: int | None = None
    born: str | None = None  # when the process was started, so that a reused pid is not believed
    ended_at: int | None = None
    outcome: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class JobResult:
    """What work returns that found something: the message of its end, and the finding."""

    message: str
    result: Mapping[str, Any]  # plain data, kept as JSON beside the job


_JOBS_SQL = (
    "select id, kind, args, started_at, pid, born, ended_at, outcome, message from jobs "
    "left join job_processes p on p.job = id left join job_ends e on e.job = id "
)


class JobsTable(ChainedDatabase):
    """Starts and ends of long work."""

    def add_job(self, id: str, kind: str, args: dict[str, Any]) -> JobRow | None:
        """Add a job unless one is open; then return None and add nothing."""
        row = {"id": id, "kind": kind, "args": canonical_json(args), "started_at": self.clock()}
        with self._transaction():
            if self.open_jobs():
                return None
            self._insert("jobs", [row])
        return self.job(id)

    def record_process(self, id: str, pid: int, born: str) -> None:
        """Note the process that does the work."""
        with self._transaction():
            self._insert("job_processes", [{"job": id, "pid": pid, "born": born}])

    def end_job(self, id: str, outcome: str, message: str) -> None:
        """Write the end of a job. The first end stands."""
        row = {"job": id, "ended_at": self.clock(), "outcome": outcome, "message": message}
        with self._transaction():
            self._insert("job_ends", [row], ignore=True)

    def job(self, id: str) -> JobRow | None:
        """Return a job, or None where no job has this id."""
        row = self._query_one(_JOBS_SQL + "where id = ?", id)
        return None if row is None else _to_job_row(row)

    def jobs(self) -> list[JobRow]:
        """Return all jobs, the newest first."""
        return [
            _to_job_row(row)
            for row in self._query(_JOBS_SQL + "order by started_at desc, jobs.rowid desc")
        ]

    def open_jobs(self) -> list[JobRow]:
        """Return the jobs whose end was not written."""
        return [_to_job_row(row) for row in self._query(_JOBS_SQL + "where outcome is null")]


def _to_job_row(row: dict[str, Any]) -> JobRow:
    return JobRow(
        id=row["id"],
        kind=row["kind"],
        args=json.loads(row["args"]),
        started_at=row["started_at"],
        pid=row["pid"],
        born=row["born"],
        ended_at=row["ended_at"],
        outcome=row["outcome"],
        message=row["message"],
    )
