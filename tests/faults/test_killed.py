"""SIGKILL at any point: nothing that was acknowledged is lost, doubled or changed.

Each run starts a process that takes posts by the route's own function and prints what it
acknowledges, and kills it: while it starts, between posts or within one. The same store goes on
through all runs, so that what one run was told is looked for after every later one.
"""

import json
import os
import platform
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.storage.study_db.records import StudyRow
from app.storage.study_db.store import StudyStore, find_mismatches
from tests.app.storage.test_study_db import a_deck
from tests.support.closed_decks import POLICY
from tests.support.closed_decks import STUDY as PLAYED
from tests.support.paths import ROOT

RESULTS = ROOT / "bench" / "results" / "faults.json"
RUNS, DECKS = 200, 4

SERVER = """
import json, sys, threading
from pathlib import Path
from app.auth.deck_tokens import DeckTokens
from app.auth.rate_limits import SwipeRateLimits
from app.storage.study_db.store import StudyStore
from app.web.swipe_route import SwipeClient, receive_swipes
from app.workspace.keys import SecretKeys
path, run, decks = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
print("starting", flush=True)
store, tokens = StudyStore(path), DeckTokens(SecretKeys(b"s" * 32, b"p" * 32))
print("open", flush=True)
lock = threading.Lock()
def play(deck):
    token = tokens.sign("p", deck, "b")
    for n in range(1_000_000):
        swipe = {"id": f"r{run}-{n}", "position": n % 8 + 1, "kind": "answer", "answer":
                 "favourite", "tab": "t", "tab_seq": n, "input": "key", "device_class": "desk"}
        body = json.dumps({"token": token, "swipes": [swipe]}).encode()
        status, said = receive_swipes(
            store, tokens, SwipeRateLimits(), body, SwipeClient("", "b")
        )
        if status == 200:
            with lock:
                print(deck, *said["acknowledged"], flush=True)
        else:
            return
for n in range(decks):
    threading.Thread(target=play, args=[f"deck{run}-{n}"]).start()
"""


@dataclass
class Told:
    """What was acknowledged so far, and where the kills fell."""

    rows: set[tuple[str, str]] = field(default_factory=set)
    kills: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    doubled: int = 0
    faults: list[str] = field(default_factory=list)


def a_store(path: Path, runs: int) -> Path:
    """A store with decks of their own for every run: a deck takes a thousand rows and no more."""
    store = StudyStore(path)
    row = StudyRow(
        PLAYED.hash, "test", PLAYED.kind, POLICY.to_dict(), PLAYED.model, PLAYED.baseline, 7, 1
    )
    store.studies.open(row)
    for name in (f"deck{run}-{n}" for run in range(runs) for n in range(DECKS)):
        store.decks.add(a_deck(name, "p", row.hash), "events-1", {}, hours=1000)
    store.close()
    return path


def killed_run(path: Path, run: int, rng: random.Random, told: Told) -> None:
    """Start, kill at a random point, and keep what was heard until then."""
    command = [sys.executable, "-c", SERVER, str(path), str(run), str(DECKS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    starts = rng.random() < 0.15  # one in seven dies while it opens the store
    for line in process.stdout:
        if line == ("starting\n" if starts else "open\n"):
            break
    time.sleep(rng.uniform(0, 0.02 if starts else 0.25))
    os.kill(process.pid, signal.SIGKILL)
    heard = [line.split() for line in process.stdout if line.endswith("\n")]
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    rows = {(deck, id) for deck, *ids in heard if deck.startswith("deck") for id in ids}
    point = "while playing" if rows else "while starting"
    told.kills[point] = told.kills.get(point, 0) + 1
    told.rows |= rows


def checked(path: Path, told: Told) -> None:
    """Look for every row that was ever acknowledged; links, hashes and pages must hold."""
    with closing(StudyStore(path)) as store:
        found = [(row["deck"], row["id"]) for row in store.db.query("select deck, id from swipes")]
        told.lost += len(told.rows - set(found))
        told.doubled += len(found) - len(set(found))
        told.faults += find_mismatches(store)
        store.db.check_pages(thorough=True)


def killed(folder: Path, runs: int, seed: int) -> Told:
    path, rng, told = a_store(folder / "w" / "study.db", runs), random.Random(seed), Told()
    for run in range(runs):
        killed_run(path, run, rng, told)
        checked(path, told)
    return told


def test_four_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    told = killed(tmp_path, 4, 11)
    assert (told.lost, told.doubled, told.faults) == (0, 0, [])
    assert told.rows
    assert sum(told.kills.values()) == 4


@pytest.mark.soak
def test_two_hundred_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    start = time.monotonic()
    told = killed(tmp_path, RUNS, 1)
    record(
        "sigkill",
        {
            "runs": RUNS,
            "kills": told.kills,
            "acknowledged": len(told.rows),
            "lost": told.lost,
            "doubled": told.doubled,
            "faults_of_the_store": len(told.faults),
            "seconds": round(time.monotonic() - start),
        },
    )
    assert (told.lost, told.doubled, told.faults) == (0, 0, [])
    assert sum(told.kills.values()) == RUNS
    assert min(told.kills.values()) >= 10
    assert len(told.rows) > 10 * RUNS


def record(name: str, found: dict[str, Any]) -> None:
    """Write down what was found, beside what other faults did."""
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    head = {
        "measured": date.today().isoformat(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    text = json.dumps({**known, name: head | found}, indent=1, ensure_ascii=False)
    RESULTS.write_text(text + "\n", encoding="utf-8")
