"""What every measurement of the game needs: a planted shop, a real server, and who took the time.

The server runs as `brandswipe demo` on a small planted workspace in a temporary folder, on the
same computer as whoever measures it.
"""

import json
import os
import platform
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

CUSTOMERS = 1_500
PROGRAM = str(Path(sys.executable).parent / "brandswipe")
RESULTS = Path(__file__).parent / "results"
NAMES = ("streamlit", "starlette", "uvicorn", "sqlite-utils")


@contextmanager
def planted() -> Iterator[Path]:
    """Plant the demo's shop, small; all of it goes at the end."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "ws"
        build = ["demo", "--only-build", "--customers", str(CUSTOMERS), "--workspace", str(made)]
        subprocess.run([PROGRAM, *build], check=True, capture_output=True)
        yield made


@contextmanager
def serving(workspace: Path) -> Iterator[tuple[int, int]]:
    """Run a server; yield its port and its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    run = [PROGRAM, "demo", "--workspace", str(workspace), "--port", str(port), "--no-browser"]
    process = subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until_it_answers(f"http://127.0.0.1:{port}/healthz")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def until_it_answers(url: str) -> None:
    """Wait, but not for ever."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.1)
    raise SystemExit("The server does not answer: start it by hand with `brandswipe demo`.")


def cpu_seconds(pid: int) -> float | None:
    """Return the processor time of a process so far, or None where /proc does not tell."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def busy_seconds() -> float:
    """Return how long all processors have worked so far, for whomever; 0 without /proc."""
    try:
        told = Path("/proc/stat").read_text().split("\n")[0].split()[1:]
    except OSError:
        return 0.0
    idle = int(told[3]) + int(told[4])
    return (sum(map(int, told[:8])) - idle) / os.sysconf("SC_CLK_TCK")


@dataclass
class Work:
    """Who had the processors meanwhile, each as a share of one of them."""

    pid: int

    def __post_init__(self) -> None:
        """Start to count."""
        self.started = time.perf_counter()
        self.server, self.own, self.all = self._now()

    def _now(self) -> tuple[float | None, float, float]:
        return cpu_seconds(self.pid), time.process_time(), busy_seconds()

    def shares(self) -> dict[str, float | None]:
        """Return the shares since the start; of the server None where it is not known."""
        took = time.perf_counter() - self.started
        server, own, everybody = self._now()
        mine = None if server is None or self.server is None else server - self.server
        drove = own - self.own
        others = max(0, everybody - self.all - (mine or 0) - drove)
        return {
            "server_share_of_one_cpu": None if mine is None else round(mine / took, 3),
            "driver_share_of_one_cpu": round(drove / took, 3),
            "others_share_of_one_cpu": round(others / took, 3),
        }


def spread(times: Collection[float]) -> dict[str, float | int]:
    """Return how milliseconds are spread: how many, the percentiles, the slowest."""
    p50, p95, p99, worst = np.percentile(list(times), [50, 95, 99, 100]).round(1).tolist()
    return {"n": len(times), "p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "max_ms": worst}


def ask(workspace: Path, question: str, *values: object) -> list[tuple[Any, ...]]:
    """Put a question to the study's database, as another program would."""
    where = f"file:{workspace / 'study.db'}?mode=ro"
    with closing(sqlite3.connect(where, uri=True)) as store:
        return store.execute(question, values).fetchall()


def load() -> float:
    """Return how many processes wanted a processor in the last minute, on average."""
    return round(os.getloadavg()[0], 1)


def record(name: str, **found: object) -> None:
    """Write a result with the day, the machine and the versions; print what was found."""
    said = {
        "date": date.today().isoformat(),
        "machine": {"cpus": os.cpu_count(), "system": platform.platform(terse=True)},
        "versions": {
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            **{name: version(name) for name in NAMES},
        },
        **found,
    }
    file = RESULTS / f"{name}.json"
    file.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
