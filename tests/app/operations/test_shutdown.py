"""A server that is told to stop finishes what it has begun, and ends without a failure."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from app.auth.deck_tokens import DeckTokens
from app.storage.study_db.records import StudyRow
from app.storage.study_db.store import StudyStore
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from recsys.study.deck import Card, CardRole, Deck, HistoryDepth, Origin, Source, with_hash
from recsys.study.policy import StudyKind

BODY = {
    "id": "s1", "position": 1, "kind": "answer", "answer": "favourite", "tab": "t", "tab_seq": 1,
    "shown_ms": 700, "input": "key", "device_class": "desk", "client_at": 1_700_000_000_000,
}  # fmt: skip
STUDY = "5" * 64
Running = tuple[subprocess.Popen[str], int, bytes]


@pytest.fixture
def post(tmp_path: Path) -> bytes:
    """The body of a good post to the one deck of a workspace."""
    cards = (Card(1, "Lego", "toys", frozenset({Source.PICK}), CardRole.PICK, None, None, True, 3),)
    deck = with_hash(Deck("deck", STUDY, "p", Origin.OWN, HistoryDepth.ENOUGH, "m", 1, cards, ""))
    with closing(Workspace(Settings(workspace=tmp_path / "w"))) as house:
        house.store.studies.open(StudyRow(STUDY, "s", StudyKind.SIMULATED, {}, "m", "b", 1, 1))
        house.store.decks.add(deck, "e", {})
        token = DeckTokens(house.keys).sign("p", "deck", "")
    return json.dumps({"token": token, "swipes": [BODY]}).encode()


@pytest.fixture
def server(post: bytes, tmp_path: Path) -> Iterator[Running]:
    """`brandswipe serve` in a process of its own, its port, and the post for its deck."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    run = [
        sys.executable,
        "-c",
        "from app.cli.main import main; main()",
        "serve",
        "--no-browser",
    ]
    where = ["--workspace", str(tmp_path / "w"), "--port", str(port)]
    world = {k: v for k, v in os.environ.items() if not k.startswith("BRANDSWIPE_")}
    with subprocess.Popen(
        [*run, *where], cwd=tmp_path, env=world, stderr=subprocess.PIPE, text=True
    ) as process:
        until_it_answers(port)
        yield process, port, post
        process.kill()


def until_it_answers(port: int) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz"):
            return
        time.sleep(0.1)
    raise AssertionError("the server does not answer")


def closed(port: int) -> bool:
    """Whether nobody listens any more."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_post_that_is_half_heard_when_the_server_is_stopped_is_stored_and_acknowledged(
    server: Running, tmp_path: Path, number: signal.Signals
) -> None:
    process, port, post = server
    head = f"POST /api/swipes HTTP/1.1\r\nHost: x\r\nContent-Length: {len(post)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
        wire.sendall(head + post[:40])
        time.sleep(0.3)
        process.send_signal(number)
        assert closed(port)
        wire.sendall(post[40:])
        answer = wire.makefile("rb").read()
    _, said = process.communicate(timeout=20)
    assert answer.startswith(b"HTTP/1.1 200")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["acknowledged"] == ["s1"]
    assert process.returncode == 0
    assert "Traceback" not in said
    with closing(StudyStore(tmp_path / "w" / "study.db")) as store:
        assert [swipe.id for swipe in store.swipes.of_deck("deck")] == ["s1"]
