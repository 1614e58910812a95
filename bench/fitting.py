"""Does swiping stay within its numbers while a model is fitted, and how long does a cancel take?

Run: python bench/fitting.py [PLAYERS]. Writes bench/results/fitting.json. The same players as in
bench/swipes.py play with and without a fit at work, in turn, three times each: what else the
computer does then falls on both. The fit is the workbench's own, in a process of its own, with 256
factors and 100 passes so that it outlasts the players; it is cancelled when they are done.
"""

import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from game_server import planted, record
from swipes import numbers, trial

from app.operations.jobs import Jobs
from app.operations.processes import start_time
from app.storage.study_db.jobs import JobState
from app.storage.study_db.store import StudyStore
from app.workspace.settings import read_settings

PLAYERS = 50
TURNS = 3
LONG = {"factors": 256, "iterations": 100, "evaluate": True}


@contextmanager
def fitting(workspace: Path, cancels: list[float]) -> Iterator[None]:
    """Fit while the block runs; note the milliseconds until the cancelled process is gone."""
    with closing(StudyStore(read_settings(workspace).store_path)) as store:
        jobs = Jobs(read_settings(workspace), store)
        job = jobs.start("fit", LONG)
        while jobs.job(job.id).stage == "starting":
            time.sleep(0.05)
        yield
        row = store.jobs.get(job.id)
        assert row is not None
        assert row.pid is not None
        if jobs.job(job.id).state is not JobState.RUNNING:
            raise SystemExit("The fit ended before the players did: ask for more passes.")
        pressed = time.perf_counter()
        jobs.cancel(job.id)
        while start_time(row.pid) == row.born:
            time.sleep(0.005)
        cancels.append(round((time.perf_counter() - pressed) * 1000))


def p99(trials: list[dict[str, Any]]) -> float:
    """The median over trials of their slowest answer but one in a hundred, in ms."""
    found: float = statistics.median(t["swipe_to_acknowledged"]["p99_ms"] for t in trials)
    return found


def main() -> None:
    """Run the trials in turn and record them."""
    players = numbers(sys.argv[1:])[0] if len(sys.argv) > 1 else PLAYERS
    without, beside, cancels = list[dict[str, Any]](), list[dict[str, Any]](), list[float]()
    with planted() as workspace:
        for _ in range(TURNS):
            without.append(trial(workspace, players))
            with fitting(workspace, cancels):
                beside.append(trial(workspace, players))
    record(
        "fitting",
        players=players,
        p99_ms={"without_a_fit": p99(without), "beside_a_fit": p99(beside)},
        cancel_ms=cancels,
        without_a_fit=without,
        beside_a_fit=beside,
    )


if __name__ == "__main__":
    main()
