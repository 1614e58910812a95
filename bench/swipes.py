"""How long from a swipe to its acknowledgement, when so many people play at once?

Run: python bench/swipes.py [PLAYERS ...] [--search]. Writes bench/results/swipes.json; without
words it tries 1, 50 and three times 200 players and searches the most that the server bears. A real
server runs on a small planted workspace in a temporary folder; each player has a connection and a
deck of her own and posts as the page does: one swipe every 1.5 s, again with the next one until it
is acknowledged. The time runs from when the swipe was due, so that a slow answer cannot hide the
swipes behind it. Server and players share the processors of one computer.
"""

import asyncio
import json
import random
import resource
import secrets
import sys
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from game_server import Work, ask, load, planted, record, serving, spread

from app.auth.deck_tokens import DeckTokens
from app.auth.guest_cookie import GUEST_COOKIE
from app.auth.identity import pseudonym
from app.study.dealing import Player
from app.study.game import load_game, study_to_play
from app.workspace.planted_shop import planted_personas
from app.workspace.settings import read_settings
from app.workspace.workspace import Workspace
from recsys.study.deck import Origin

DEFAULT = (1, 50, 200, 200, 200)
MOST = 4_000  # players
EVERY = 1.5  # seconds between two swipes of one player
SWIPES = 13  # of each player: 20 seconds
PATIENCE = 8  # seconds until a post is given up, as in the page
IN_TIME = 1_000  # ms that the slowest answer but one in a hundred may take
FIRST, SHORT, TRIALS, NEAR = 400, 10, 8, 0.1  # of the search: first number, swipes each, how near
TRIAL = count(1)  # nobody plays in two of them
STORED = "select id from swipes where tab like ?"


@dataclass
class Phone:
    """One player's browser: what she said, and what of it is not acknowledged yet."""

    name: str
    token: str
    guest: str  # the cookie that the token is bound to
    port: int
    waiting: list[dict[str, Any]] = field(default_factory=list)
    due: dict[str, float] = field(default_factory=dict)  # when each swipe was to be
    times: list[float] = field(default_factory=list)  # ms from then to its acknowledgement
    failed: int = 0
    wire: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def play(self, start: float, swipes: int) -> None:
        """Swipe at a steady beat; when all is said, post what is left."""
        for n in range(1, swipes + 1):
            due = start + (n - 1) * EVERY
            await asyncio.sleep(due - time.perf_counter())
            self.waiting.append(swipe(self.name, n))
            self.due[f"{self.name}-{n}"] = due
            await self.post()
        for _ in range(3):
            if self.waiting:
                await self.post()
        if self.wire:
            self.wire[1].close()

    async def post(self) -> None:
        """Post everything that waits; keep what is not acknowledged."""
        try:
            done = set(await asyncio.wait_for(self.exchange(), PATIENCE))
        except (OSError, ValueError, KeyError, EOFError, TimeoutError):
            self.failed += 1
            self.wire = None
            return
        now = time.perf_counter()
        self.times += [
            (now - self.due[row["id"]]) * 1_000 for row in self.waiting if row["id"] in done
        ]
        self.waiting = [row for row in self.waiting if row["id"] not in done]

    async def exchange(self) -> list[str]:
        """One request and its answer over the connection that is kept open."""
        if self.wire is None:
            self.wire = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.wire
        body = json.dumps({"token": self.token, "swipes": self.waiting}).encode()
        head = (
            f"POST /api/swipes HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Cookie: {GUEST_COOKIE}={self.guest}\r\n"
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
    with closing(Workspace(read_settings(workspace))) as house:
        study = study_to_play(house.store)
        assert study is not None
        game, tokens = load_game(house, study), DeckTokens(house.keys)
        customer = planted_personas(workspace)[0].customer_id
        phones, trial = [], next(TRIAL)
        for n in range(players):
            who = pseudonym(house.keys, f"bench {trial} {n}")
            deck = game.start(Player(who, Origin.PERSONA, customer)).deck.id
            guest = secrets.token_urlsafe(16)
            token = tokens.sign(who, deck, guest)
            phones.append(Phone(f"t{trial}-{n}", token, guest, port))
        return phones


async def play(phones: list[Phone], swipes: int) -> float:
    """Let all play, spread over one beat; return the seconds that it took."""
    started = time.perf_counter()
    rng = random.Random(1)
    starts = [started + 0.2 + rng.random() * EVERY for _ in phones]
    await asyncio.gather(
        *(one.play(start, swipes) for one, start in zip(phones, starts, strict=True))
    )
    return time.perf_counter() - started


def trial(workspace: Path, players: int, swipes: int = SWIPES) -> dict[str, Any]:
    """Return the times of so many players, and what became of their swipes."""
    raise_limit_of_files(players)
    with serving(workspace) as (port, pid):
        phones = deal(workspace, players, port)
        before, work = load(), Work(pid)
        took = asyncio.run(play(phones, swipes))
        shares = work.shares()
    wanted = {f"{phone.name}-{n}" for phone in phones for n in range(1, swipes + 1)}
    found = [id for (id,) in ask(workspace, STORED, f"{phones[0].name.rpartition('-')[0]}-%")]
    times = spread([ms for phone in phones for ms in phone.times])
    sys.stderr.write(f"{players} players: p99 {times['p99_ms']} ms, {shares}\n")
    return {
        "players": players,
        "seconds": round(took, 1),
        "swipes": len(wanted),
        "lost": len(wanted - set(found)),
        "stored_twice": len(found) - len(set(found)),
        "posts_that_failed": sum(phone.failed for phone in phones),
        "swipe_to_acknowledged": times,
        **shares,
        "load_before": before,
    }


def holds(found: dict[str, Any]) -> bool:
    """Whether so many players can play: nothing is lost and 99 in 100 answers come in time."""
    in_time: bool = found["swipe_to_acknowledged"]["p99_ms"] < IN_TIME
    return in_time and not found["lost"] and not found["posts_that_failed"]


def search(workspace: Path) -> dict[str, Any]:
    """Find the largest number of players that holds: by doubling, then by halving the gap."""
    good, bad, tried = 0, MOST + 1, []
    while len(tried) < TRIALS and (bad - good) > max(NEAR * good, 1):
        players = (good + bad) // 2 if bad <= MOST else min(2 * good or FIRST, MOST)
        found = trial(workspace, players, SHORT)
        tried.append(found)
        if holds(found):
            good = players
            if good == MOST:
                break
        else:
            bad = players
    return {
        "p99_under_ms": IN_TIME,
        "most_players": good,
        "fewest_that_were_too_many": bad if bad <= MOST else None,
        "trials": tried,
    }


def raise_limit_of_files(players: int) -> None:
    """Allow a connection a player, here and in the server that is started from here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(max(soft, 2 * players + 200), hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def numbers(words: list[str]) -> list[int]:
    """Return the numbers of players that were asked for."""
    with suppress(ValueError):
        asked = [int(word) for word in words] or list(DEFAULT)
        if all(1 <= players <= MOST for players in asked):
            return asked
    raise SystemExit(f"Ask for numbers of players from 1 to {MOST}, and --search for the most.")


def main() -> None:
    """Run the trials and record them."""
    words = [word for word in sys.argv[1:] if word != "--search"]
    asked, searches = numbers(words), "--search" in sys.argv or len(sys.argv) == 1
    with planted() as workspace:
        trials = [trial(workspace, players) for players in asked]
        most = search(workspace) if searches else None
    record("swipes", seconds_between_swipes=EVERY, trials=trials, largest=most)


if __name__ == "__main__":
    main()
