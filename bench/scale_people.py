"""The stage `people` of bench/scale.py: from a customer's number to a deck in the store.

A thousand customers whom nobody computed before, new ones each run: warm, then with the page cache
dropped before each (as root; else the events' own pages alone), the customer who did 100,000
things, picked brands, twenty people at once, 32 threads. Beside the stages stand their floors: the
person's bytes read with pread, and one pass over the brand factors.
"""

import os
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from app.study.dealing import Player
from app.study.game import Game, load_game
from app.study.opening import open_study
from app.workspace.settings import Settings
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.dataset.events import EVENT_DTYPE
from recsys.errors import NotEnoughHistoryError
from recsys.study.deck import Origin
from recsys.study.policy import StudyKind

PEOPLE, COLD, BUSIEST_TIMES = 1_000, 200, 20
CACHES = Path("/proc/sys/vm/drop_caches")


def people(folder: Path, customers: int) -> dict[str, Any]:
    """Deal decks in every way there is."""
    rng = np.random.default_rng()
    with closing(Workspace(Settings(workspace=folder / "ws"))) as house:
        started = time.perf_counter()
        game = _game(house)
        woken = round(time.perf_counter() - started, 2)
        drawn = rng.choice(np.arange(1, customers), 3 * PEOPLE, replace=False)
        ids = [str(n) for n in drawn]
        for who in ids[:20]:
            deal(game, who)
        warm = [deal(game, who) for who in ids[20 : PEOPLE + 20]]
        cold = [deal(game, who, drop) for who in ids[PEOPLE + 20 : PEOPLE + 20 + COLD]]
        busiest = [deal(game, "0") for _ in range(BUSIEST_TIMES)]
        named = [_named(game, rng) for _ in range(100)]
        rest = ids[PEOPLE + 20 + COLD :]
        return {
            "seconds_to_wake": woken,
            "warm": spread(warm),
            "warm_stages_p50_ms": _stages(warm),
            "cold": spread(cold) | {"caches": "all dropped" if _may_drop() else "not dropped"},
            "cold_stages_p50_ms": _stages(cold),
            "busiest": spread(busiest) | {"events": _events(house, "0")},
            "named": spread(named),
            "twenty_at_once": spread(_at_once(game, rest[:400], 20)),
            "threads_32": spread(_at_once(game, rest[400:1040], 32)),
            "floors_p50_ms": _floors(house, game, ids[20:220]),
        }


def _game(house: Workspace) -> Game:
    version = house.version().hash
    kind = StudyKind.SIMULATED
    row = open_study(house.store, None, kind, house.policy, version, DEFAULT_BASELINE, 1)
    return load_game(house, row)


Dealt = tuple[float, dict[str, float]]
"""Milliseconds in all, and of each stage."""


def deal(game: Game, who: str, before: Callable[[Game, str], None] | None = None) -> Dealt:
    """Deal a deck to a customer; none and no time where her history is too short."""
    player = Player(secrets.token_hex(8), Origin.SIMULATED, customer=who)
    if before:
        before(game, who)
    started = time.perf_counter()
    try:
        stages = dict(game.start(player).timings)
    except NotEnoughHistoryError:
        return float("nan"), {}
    return 1000 * (time.perf_counter() - started), stages


def drop(game: Game, who: str) -> None:
    """Drop what the system keeps of files in memory."""
    del who
    os.sync()
    if _may_drop():
        CACHES.write_text("3")
    for folder in game.recommender.event_store.folders:
        for file in folder.glob("*.*"):
            with file.open("rb") as held:
                os.posix_fadvise(held.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _may_drop() -> bool:
    return os.access(CACHES, os.W_OK)


def _named(game: Game, rng: np.random.Generator) -> Dealt:
    names = game.recommender.catalog.brands
    named = tuple(str(names[code]) for code in rng.choice(len(names), 5, replace=False))
    player = Player(secrets.token_hex(8), Origin.ELICITED, picked_brands=named)
    started = time.perf_counter()
    stages = dict(game.start(player).timings)
    return 1000 * (time.perf_counter() - started), stages


def _at_once(game: Game, ids: Sequence[str], number: int) -> list[Dealt]:
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(lambda who: deal(game, who), ids))


def _events(house: Workspace, who: str) -> int:
    return len(house.event_store.events_of(who))


def spread(dealt: Sequence[Dealt]) -> dict[str, float | int]:
    """Return how many were dealt, how many had too short a history, and the percentiles."""
    times = np.array([ms for ms, _ in dealt])
    there = times[~np.isnan(times)]
    at = np.percentile(there, [50, 95, 99, 100]).round(1).tolist()
    named = dict(zip(("p50_ms", "p95_ms", "p99_ms", "max_ms"), at, strict=True))
    return {"n": len(there), "too_short": len(times) - len(there), **named}


def _stages(dealt: Sequence[Dealt]) -> dict[str, float]:
    times = defaultdict(list)
    for _, stages in dealt:
        for name, ms in stages.items():
            times[name].append(ms)
    return {name: round(float(np.median(found)), 3) for name, found in times.items()}


def _floors(house: Workspace, game: Game, ids: Sequence[str]) -> dict[str, float]:
    reads, factors = [], game.recommender.model.als.item_factors
    person = np.ones(factors.shape[1], np.float32)
    passes = [_timed(lambda: factors @ person) for _ in range(50)]
    for who in ids:
        for segment, place in house.event_store._locate(who):
            start, stop = map(int, segment.starts[place : place + 2])
            length, offset = (stop - start) * EVENT_DTYPE.itemsize, start * EVENT_DTYPE.itemsize
            handle = os.open(segment.folder / "events.bin", os.O_RDONLY)
            reads.append(_timed(lambda h=handle, n=length, o=offset: os.pread(h, n, o)))
            os.close(handle)
    return {
        "bytes read with pread": round(float(np.median(reads)), 4),
        "one pass over the brand factors": round(float(np.median(passes)), 3),
    }


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)
