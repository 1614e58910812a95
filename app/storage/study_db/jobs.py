"""The tables of long jobs: one row when a job starts, one row when it ends."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.storage.study_db.hash_chain import ChainedDatabase
from app.storage.study_db.row_codec import canonical_json


class JobState(StrEnum):
    """The state of a job."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job; times are milliseconds since 1970. `outcome` is None until the end is written."""

    id: str
    kind: str
    args: dict[str, Any]
    started_at: int
    pid: int | None = None
    born: str | None = None  # start time of the process: detects a reused PID
    ended_at: int | None = None
    outcome: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class JobResult:
    """The return value of a job that has a result, and the message of its end."""

    message: str
    result: Mapping[str, Any]  # plain data, stored as JSON beside the job


_JOBS_SQL = (
    "select id, kind, args, started_at, pid, born, ended_at, outcome, message from jobs "
    "left join job_processes p on p.job = id left join job_ends e on e.job = id "
)


class JobTable:
    """Starts, processes and ends of jobs."""

    def __init__(self, db: ChainedDatabase) -> None:
        self.db = db

    def add(self, id: str, kind: str, args: dict[str, Any]) -> JobRow | None:
        """Add a job and return it. If another job is open, add nothing and return None."""
        row = {"id": id, "kind": kind, "args": canonical_json(args), "started_at": self.db.clock()}
        with self.db.transaction():
            if self.open():
                return None
            self.db.insert("jobs", [row])
        return self.get(id)

    def record_process(self, id: str, pid: int, born: str) -> None:
        """Store the PID and start time of the process that runs the job."""
        with self.db.transaction():
            self.db.insert("job_processes", [{"job": id, "pid": pid, "born": born}])

    def end(self, id: str, outcome: str, message: str) -> None:
        """Write the end of a job; a later end is ignored."""
        row = {"job": id, "ended_at": self.db.clock(), "outcome": outcome, "message": message}
        with self.db.transaction():
            self.db.insert("job_ends", [row], ignore=True)

    def get(self, id: str) -> JobRow | None:
        """Return a job, or None if no job has this id."""
        row = self.db.query_one(_JOBS_SQL + "where id = ?", id)
        return None if row is None else _to_job_row(row)

    def all(self) -> list[JobRow]:
        """Return all jobs, newest first."""
        return [
            _to_job_row(row)
            for row in self.db.query(_JOBS_SQL + "order by started_at desc, jobs.rowid desc")
        ]

    def open(self) -> list[JobRow]:
        """Return the jobs without a written end."""
        return [_to_job_row(row) for row in self.db.query(_JOBS_SQL + "where outcome is null")]


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
