"""Long work: one at a time, cancelled at once, and every row ends whatever happens."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.operations.job_worker import _load_task
from app.operations.jobs import FORMER, Job, Jobs, target_of
from app.operations.jobs import TASKS as TODAY
from app.operations.processes import start_time
from app.storage.study_db.jobs import JobState
from app.storage.study_db.store import StudyStore
from app.workspace.settings import Settings
from recsys.errors import UnknownNameError, WorkspaceError
from tests.support.paths import ROOT

WORK = {
    name: f"tests.support.job_functions:{name}" for name in ("nap", "stubborn", "wrong", "broken")
}


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    settings = Settings(workspace=tmp_path / "w")
    store = StudyStore(settings.store_path)
    jobs = Jobs(settings, store, WORK)
    yield jobs
    for job in jobs.jobs():
        jobs.cancel(job.id)
    jobs.close()
    store.close()


def until(happened: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def ended(jobs: Jobs, job: Job) -> Job:
    until(lambda: jobs.job(job.id).state is not JobState.RUNNING)
    return jobs.job(job.id)


def asleep(jobs: Jobs) -> None:
    path = jobs.settings.workspace / "asleep"
    until(lambda: path.exists() and path.read_text())


def test_work_runs_politely_in_a_process_of_its_own(jobs: Jobs) -> None:
    job = jobs.start("nap", {"seconds": 0})
    assert job.state is JobState.RUNNING
    done = ended(jobs, job)
    assert (done.state, done.kind, done.args) == (JobState.DONE, "nap", {"seconds": 0})
    nice = int(done.message.removeprefix("slept at niceness "))
    assert nice == min(os.nice(0) + 10, 19)
    assert done.ended_at is not None
    assert done.ended_at >= done.started_at
    assert (done.stage, done.fraction) == ("sleeping", 1.0)


def test_progress_and_heartbeat_are_live(jobs: Jobs) -> None:
    job = jobs.start("nap", {"seconds": 60})
    asleep(jobs)
    first = jobs.job(job.id)
    assert (first.stage, first.fraction) == ("sleeping", 0.25)
    until(lambda: (jobs.job(job.id).heartbeat or 0) > (first.heartbeat or 0))
    assert jobs.running() == jobs.job(job.id)


def test_a_second_one_is_refused_politely(jobs: Jobs) -> None:
    job = jobs.start("nap", {"seconds": 60})
    with pytest.raises(WorkspaceError, match="A nap is running already: wait for it, or cancel it"):
        jobs.start("nap", {"seconds": 0})
    jobs.cancel(job.id)
    assert ended(jobs, jobs.start("nap", {"seconds": 0})).state is JobState.DONE
    assert [j.state for j in jobs.jobs()] == [JobState.DONE, JobState.CANCELLED]


@pytest.mark.parametrize("kind", ["nap", "stubborn"])
def test_cancel_takes_less_than_two_seconds_and_leaves_no_process(jobs: Jobs, kind: str) -> None:
    job = jobs.start(kind, {"seconds": 60})
    asleep(jobs)
    started = time.monotonic()
    cancelled = jobs.cancel(job.id)
    assert time.monotonic() - started < 2
    assert cancelled.state is JobState.CANCELLED
    for name in ("asleep", "child"):
        path = jobs.settings.workspace / name
        if path.exists():
            until(lambda path=path: start_time(int(path.read_text())) is None)
    assert jobs.cancel(job.id) == cancelled


def test_work_that_was_killed_is_interrupted(jobs: Jobs) -> None:
    job = jobs.start("nap", {"seconds": 60})
    asleep(jobs)
    os.kill(int((jobs.settings.workspace / "asleep").read_text()), signal.SIGKILL)
    gone = ended(jobs, job)
    assert gone.state is JobState.INTERRUPTED
    assert "before the work was done" in gone.message
    assert jobs.running() is None


def test_a_server_started_anew_finds_the_work_of_the_last_one(jobs: Jobs) -> None:
    job = jobs.start("nap", {"seconds": 60})
    asleep(jobs)
    later = Jobs(jobs.settings, jobs.store, WORK)
    assert later.job(job.id).state is JobState.RUNNING
    assert later.cancel(job.id).state is JobState.CANCELLED


def test_a_number_given_anew_is_neither_believed_nor_ended(jobs: Jobs) -> None:
    row = jobs.store.jobs.add("old", "nap", {})
    assert row is not None
    jobs.store.jobs.record_process("old", os.getpid(), "born long ago")
    assert jobs.cancel("old").state is JobState.INTERRUPTED


def test_an_error_that_a_person_can_cause_is_the_message(jobs: Jobs) -> None:
    failed = ended(jobs, jobs.start("wrong", {}))
    assert (failed.state, failed.message) == (
        JobState.FAILED, "There are no events: run brandswipe data ingest first.",
    )  # fmt: skip
    assert "Traceback" not in jobs.log(failed.id)


def test_an_error_of_ours_is_named_and_its_place_is_in_the_log(jobs: Jobs) -> None:
    failed = ended(jobs, jobs.start("broken", {}))
    assert failed.state is JobState.FAILED
    assert "KeyError" in failed.message
    assert "the work failed: KeyError at job_functions.py:" in jobs.log(failed.id)
    written = (jobs.settings.workspace / "jobs" / f"{failed.id}.log").read_text()
    said = [json.loads(line) for line in written.splitlines()]
    assert [line["event"] for line in said] == ["job_failed", "job_ended"]
    assert "'nothing'" not in written


def test_unknown_work_and_unknown_jobs_list_the_known_ones(jobs: Jobs) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'nap'"):
        jobs.start("naps", {})
    with pytest.raises(UnknownNameError, match="none yet"):
        jobs.job("nothing")
    assert jobs.log("nothing") == ""


def test_a_process_that_cannot_start_is_said_and_blocks_nothing(jobs: Jobs) -> None:
    broken = Jobs(jobs.settings, jobs.store, WORK, python="/nowhere/python")
    with pytest.raises(WorkspaceError, match="could not be started"):
        broken.start("nap", {"seconds": 0})
    assert jobs.running() is None


@pytest.mark.parametrize("kind", ["fit", "evaluate", "compare", "power"])
def test_the_work_of_a_kind_is_found_by_its_name_and_by_the_target_of_before(kind: str) -> None:
    before = "app" + f".work:{kind}"  # in two parts: whoever moves the work must not rewrite it
    assert FORMER[before] == kind
    assert target_of(before) == target_of(kind) == TODAY[kind]
    assert callable(_load_task(before))


def test_a_target_that_nobody_moved_stands_for_itself() -> None:
    assert target_of("naps:nap") == "naps:nap"
