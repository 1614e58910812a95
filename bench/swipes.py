"""How long from a swipe to its acknowledgement, when so many people play at once?

Run: python bench/swipes.py [PLAYERS ...]. Writes bench/results/swipes.json. A real server runs on
a small planted workspace in a temporary folder; each player has a connection and a deck of her
own and posts as the page does: one swipe every 1.5 s, again with the next one until it is
acknowledged. Server and players share the processors of one computer.
"""

import asyncio
import json
import os
import platform
import random
import secrets
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from app.game import Player
from app.house import House
from app.identity import pseudonym
from app.planting import personas_of
from app.settings import read
from app.tokens import DeckTokens
from app.visitor import COOKIE
from recsys.deck import Origin

DEFAULT = (1, 50, 200)
MOST = 1_000  # players; the driver is one process and would measure itself beyond that
EVERY = 1.5  # seconds between two swipes of one player
SWIPES = 13  # of each player: 20 seconds
PATIENCE = 8  # seconds until a post is given up, as in the page
CUSTOMERS = 1_500
PROGRAM = str(Path(sys.executable).parent / "brandswipe")


@dataclass
class Phone:
    """One player's browser: what she said, and what of it is not acknowledged yet."""

    name: str
    token: str
    guest: str  # the cookie that the token is bound to
    port: int
    waiting: list[dict[str, Any]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)  # ms from post to acknowledgement
    failed: int = 0
    wire: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def play(self, start: float) -> None:
        """Swipe at a steady beat; when all is said, post what is left."""
        for n in range(1, SWIPES + 1):
            await asyncio.sleep(start + (n - 1) * EVERY - time.perf_counter())
            self.waiting.append(swipe(self.name, n))
            await self.post()
        for _ in range(3):
            if self.waiting:
                await self.post()
        if self.wire:
            self.wire[1].close()

    async def post(self) -> None:
        """Post everything that waits; keep what is not acknowledged."""
        started = time.perf_counter()
        try:
            done = set(await asyncio.wait_for(self.exchange(), PATIENCE))
        except (OSError, ValueError, KeyError, EOFError, TimeoutError):
            self.failed += 1
            self.wire = None
            return
        self.times.append((time.perf_counter() - started) * 1_000)
        self.waiting = [row for row in self.waiting if row["id"] not in done]

    async def exchange(self) -> list[str]:
        """One request and its answer over the connection that is kept open."""
        if self.wire is None:
            self.wire = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.wire
        body = json.dumps({"token": self.token, "swipes": self.waiting}).encode()
        head = (
            f"POST /api/swipes HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Cookie: {COOKIE}={self.guest}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        sizes = [line.partition(":")[2] for line in lines if line.startswith("content-length:")]
        said = json.loads(await reader.readexactly(int(sizes[0])))
        found: list[str] = said["acknowledged"]
        return found


def swipe(player: str, n: int) -> dict[str, Any]:
    """Return a swipe as the page sends it."""
    return {
        "id": f"{player}-{n}", "position": n, "kind": "answer", "answer": "favourite",
        "tab": player, "tab_seq": n, "shown_ms": 900, "input": "touch", "device_class": "phone",
        "client_at": time.time_ns() // 1_000_000,
    }  # fmt: skip


def deal(workspace: Path, players: int, port: int) -> list[Phone]:
    """Deal a deck to each player; all of them have a persona's life."""
    with closing(House(read(workspace))) as house:
        study = house.study_to_play()
        assert study is not None
        game, tokens = house.game(study), DeckTokens(house.keys)
        customer = personas_of(workspace)[0].customer_id
        phones = []
        for n in range(players):
            who = pseudonym(house.keys, f"bench {players} {n}")
            deck = game.start(Player(who, Origin.PERSONA, customer)).deck.id
            guest = secrets.token_urlsafe(16)
            token = tokens.sign(who, deck, guest)
            phones.append(Phone(f"p{players}-{n}", token, guest, port))
        return phones


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


async def play(phones: list[Phone]) -> float:
    """Let all play, spread over one beat; return the seconds that it took."""
    started = time.perf_counter()
    rng = random.Random(1)
    starts = [started + 0.2 + rng.random() * EVERY for _ in phones]
    await asyncio.gather(*(one.play(start) for one, start in zip(phones, starts, strict=True)))
    return time.perf_counter() - started


def trial(workspace: Path, players: int) -> dict[str, Any]:
    """Return the times of so many players, and what became of their swipes."""
    with serving(workspace) as (port, pid):
        phones = deal(workspace, players, port)
        before, own, all_before = cpu_seconds(pid), time.process_time(), busy_seconds()
        took = asyncio.run(play(phones))
        after, own = cpu_seconds(pid), time.process_time() - own
        everybody = busy_seconds() - all_before
    server = None if before is None or after is None else after - before
    wanted = {f"{phone.name}-{n}" for phone in phones for n in range(1, SWIPES + 1)}
    found = stored(workspace, f"p{players}-")
    p50, p95, p99, worst = np.percentile(
        [ms for phone in phones for ms in phone.times], [50, 95, 99, 100]
    ).round(1)
    return {
        "players": players,
        "seconds": round(took, 1),
        "swipes": len(wanted),
        "lost": len(wanted - set(found)),
        "stored_twice": len(found) - len(set(found)),
        "posts_that_failed": sum(phone.failed for phone in phones),
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
        "max_ms": worst,
        "server_share_of_one_cpu": None if server is None else round(server / took, 3),
        "driver_share_of_one_cpu": round(own / took, 3),
        "others_share_of_one_cpu": round(max(0, everybody - (server or 0) - own) / took, 3),
    }


def stored(workspace: Path, players: str) -> list[str]:
    """Return the ids that are in the study's database."""
    with closing(sqlite3.connect(f"file:{workspace / 'study.db'}?mode=ro", uri=True)) as store:
        rows = store.execute("select id from swipes where tab like ?", [f"{players}%"])
        return [id for (id,) in rows]


def main() -> None:
    """Run the trials and record them."""
    asked = [int(word) for word in sys.argv[1:]] or list(DEFAULT)
    if not all(1 <= players <= MOST for players in asked):
        raise SystemExit(f"Ask for 1 to {MOST} players.")
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "ws"
        build = ["demo", "--only-build", "--customers", str(CUSTOMERS), "--workspace"]
        subprocess.run([PROGRAM, *build, str(workspace)], check=True, capture_output=True)
        trials = [trial(workspace, players) for players in asked]
    names = ("streamlit", "starlette", "uvicorn", "sqlite-utils")
    record = {
        "date": date.today().isoformat(),
        "cpus": os.cpu_count(),
        "seconds_between_swipes": EVERY,
        "versions": {
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            **{name: version(name) for name in names},
        },
        "trials": trials,
    }
    file = Path(__file__).parent / "results" / "swipes.json"
    file.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(trials, indent=1) + "\n")


if __name__ == "__main__":
    main()
