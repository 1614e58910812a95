"""A disk that is full or read-only: a sentence, no acknowledgement, nothing lost, and play goes on.

The disks are real: file systems in memory of their own, which root mounts. The system lets no
disk turn read-only while a file on it is open for writing, so there the server stops before and
starts after.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.auth.deck_tokens import DeckTokens
from app.auth.rate_limits import SwipeRateLimits
from app.storage.study_db.store import StudyStore, find_mismatches
from app.web.swipe_route import SwipeClient, receive_swipes
from app.workspace.keys import SecretKeys
from recsys.errors import WorkspaceError
from tests.faults.test_killed import DECKS, a_store, record

pytestmark = pytest.mark.soak
KEYS = SecretKeys(b"s" * 32, b"p" * 32)
SIZE = 4 * 2**20  # bytes of the disk
TURNS = 25


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own; root alone can mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    asked = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(place)]
    done = subprocess.run(asked, capture_output=True, text=True)
    assert done.returncode == 0, f"Run this as root, which may mount a disk: {done.stderr}"
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


class Player:
    """Posts one new answer at a time, and remembers what was acknowledged."""

    def __init__(self, path: Path) -> None:
        self.store, self.tokens, self.n = StudyStore(path), DeckTokens(KEYS), 0
        self.told: set[str] = set()
        self.refused: dict[str, int] = {}

    def post(self) -> int:
        """Post the next answer of the next deck; return the status."""
        self.n += 1
        deck = f"deck{self.n % 5}-{self.n % DECKS}"
        swipe: dict[str, Any] = {
            "id": f"s{self.n}", "position": self.n % 8 + 1, "kind": "answer", "answer": "favourite",
            "tab": "t", "tab_seq": self.n, "input": "key", "device_class": "desk",
        }  # fmt: skip
        token = self.tokens.sign("p", deck, "b")
        body = json.dumps({"token": token, "swipes": [swipe]}).encode()
        status, said = receive_swipes(
            self.store, self.tokens, SwipeRateLimits(), body, SwipeClient("", "b")
        )
        if status == 200:
            self.told |= set(said["acknowledged"])
        else:
            assert "acknowledged" not in said
            self.refused[said["message"]] = self.refused.get(said["message"], 0) + 1
        return status

    def stored(self) -> list[str]:
        """Ids of every answer that the store holds, read anew."""
        return [row["id"] for row in self.store.db.query("select id from swipes order by seq")]


def fill(place: Path) -> Path:
    """Write until nothing fits any more."""
    path = place / "filler"
    with path.open("wb", buffering=0) as filler:
        try:
            while filler.write(b"\0" * 4096):
                pass
        except OSError:
            return path


def whole(player: Player) -> None:
    """Everything that was acknowledged is there once, and links, hashes and pages hold."""
    found = player.stored()
    assert player.told <= set(found)
    assert len(found) == len(set(found))
    assert find_mismatches(player.store) == []
    player.store.db.check_pages(thorough=True)


def test_a_full_disk_loses_nothing_and_play_goes_on_when_there_is_room(disk: Path) -> None:
    player = Player(a_store(disk / "w" / "study.db", 5))
    for _ in range(TURNS):
        assert [player.post() for _ in range(5)] == [200] * 5
        filler = fill(disk)
        statuses: list[int] = []
        while len(statuses) < 300 and statuses[-3:] != [503] * 3:
            statuses.append(player.post())
        assert set(statuses) <= {200, 503}
        assert statuses[-3:] == [503] * 3
        filler.unlink()
        assert player.post() == 200
        whole(player)
    assert all("The disk of" in said and "make room" in said for said in player.refused)
    _write_down("disk_full", player)


def test_a_disk_that_turns_read_only_loses_nothing_and_play_goes_on(disk: Path) -> None:
    player = Player(a_store(disk / "w" / "study.db", 5))
    for _ in range(TURNS):
        assert [player.post() for _ in range(5)] == [200] * 5
        player.store.close()  # what is open for writing keeps a disk from turning read-only
        _remount(disk, "ro")
        with pytest.raises(WorkspaceError, match="cannot be written") as refused:
            StudyStore(disk / "w" / "study.db")
        player.refused[str(refused.value)] = player.refused.get(str(refused.value), 0) + 1
        _remount(disk, "rw")
        player.store = StudyStore(disk / "w" / "study.db")
        whole(player)
    _write_down("disk_read_only", player)


def _remount(place: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(place)], check=True)


def _write_down(name: str, player: Player) -> None:
    with closing(player.store):
        found = {
            "turns": TURNS,
            "acknowledged": len(player.told),
            "refused": sum(player.refused.values()),
            "lost": len(player.told - set(player.stored())),
        }
    record(name, found)
