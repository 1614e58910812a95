"""A backup is whole, proven by hash, taken while people play, and put back without a loss."""

import io
import json
import os
import sqlite3
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.operations import archive
from app.operations.archive import CONTENTS_FILE
from app.operations.backup import SET_ASIDE_PREFIX, back_up, keys_fingerprint, restore
from app.storage.study_db.account_links import AccountLinks, LinkMethod
from app.storage.study_db.records import StudyRow
from app.storage.study_db.store import StudyStore
from app.workspace.keys import SecretKeys
from app.workspace.lock import WorkspaceLock
from app.workspace.settings import Settings, workspace_keys
from recsys.errors import DamagedError, IntegrityError, WorkspaceError
from tests.app.storage.test_study_db import a_deck, swipe
from tests.support.cli_runner import brandswipe
from tests.support.closed_decks import POLICY
from tests.support.closed_decks import STUDY as PLAYED

KEYS = SecretKeys(b"s" * 32, b"p" * 32, b"l" * 32, b"c" * 32)
NOW = 1_800_000_000_000


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A workspace with a study, a link table, and files of every kind that lies in one."""
    folder = tmp_path / "ws"
    store = StudyStore(folder / "study.db")
    row = StudyRow(
        PLAYED.hash, "test", PLAYED.kind, POLICY.to_dict(), PLAYED.model, PLAYED.baseline, 7, 1
    )
    store.studies.open(row)
    store.decks.add(a_deck(study=row.hash), "events-1", {})
    store.swipes.add("deck", [swipe(n) for n in range(5)])
    store.close()
    accounts = AccountLinks(folder / "accounts.db")
    accounts.replace_table({"badge": "c1"})
    accounts.close()
    for name in ("events/manifest.json", "events/.lock", "models/abc/a.npy", "secrets/link_key"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "server.lock").touch()
    return folder


def names(path: Path) -> set[str]:
    with tarfile.open(path) as tar:
        return set(tar.getnames())


def ids(folder: Path) -> list[str]:
    store = StudyStore(folder / "study.db")
    found = [one.id for one in store.swipes.of_deck("deck")]
    store.close()
    return found


def rewritten(path: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """The same backup after somebody changed its members."""
    with tarfile.open(path) as tar:
        members = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
    change(members)
    other = path.with_name("other.tar")
    with tarfile.open(other, "w") as tar:
        for name, data in members.items():
            head = tarfile.TarInfo(name)
            head.size = len(data)
            tar.addfile(head, io.BytesIO(data))
    return other


class TestBackingUp:
    def test_all_is_in_it_but_keys_locks_and_halves(self, home: Path, tmp_path: Path) -> None:
        path, said = back_up(home, tmp_path / "b.tar", KEYS, NOW)
        assert names(path) == {
            "study.db", "accounts.db", "chain.head", "events/manifest.json", "models/abc/a.npy",
            CONTENTS_FILE,
        }  # fmt: skip
        assert set(said.files) == names(path) - {CONTENTS_FILE}
        assert path.stat().st_mode & 0o077 == 0
        assert b"secrets" not in path.read_bytes()
        assert not list(tmp_path.glob(".*"))

    def test_the_log_of_the_shop_may_be_left_out(self, home: Path, tmp_path: Path) -> None:
        path, _ = back_up(home, tmp_path / "b.tar", KEYS, NOW, events=False)
        assert not [name for name in names(path) if name.startswith("events")]

    def test_a_folder_gets_a_file_named_by_the_time(self, home: Path, tmp_path: Path) -> None:
        path, _ = back_up(home, tmp_path, KEYS, NOW)
        assert path.name == "brandswipe-20270115-080000.tar"

    def test_an_earlier_backup_is_never_overwritten(self, home: Path, tmp_path: Path) -> None:
        path, _ = back_up(home, tmp_path / "b.tar", KEYS, NOW)
        before = path.read_bytes()
        with pytest.raises(WorkspaceError, match="is there already"):
            back_up(home, path, KEYS, NOW)
        assert path.read_bytes() == before

    @pytest.mark.parametrize(
        ("where", "said"), [("none/b.tar", "There is no folder"), ("ws/b.tar", "lies in the work")]
    )
    def test_a_place_where_it_cannot_be_is_said(
        self, home: Path, tmp_path: Path, where: str, said: str
    ) -> None:
        with pytest.raises(WorkspaceError, match=said):
            back_up(home, tmp_path / where, KEYS, NOW)

    def test_what_is_acknowledged_before_it_begins_is_in_it_while_people_play(
        self, home: Path, tmp_path: Path
    ) -> None:
        store, acknowledged, over = StudyStore(home / "study.db"), list[str](), threading.Event()

        def play() -> None:
            n = 0
            while not over.is_set():
                n += 1
                acknowledged.extend(
                    store.swipes.add("deck", [swipe(0, id=f"live-{n}")]).acknowledged
                )

        player = threading.Thread(target=play)
        player.start()
        try:
            for n in range(5):
                while len(acknowledged) < 20 * (n + 1):
                    over.wait(0.005)
                before = list(acknowledged)
                path, _ = back_up(home, tmp_path / f"{n}.tar", KEYS, NOW)
                done = restore(tmp_path / f"r{n}", path, KEYS, NOW)
                assert done.mismatches == ()
                assert set(before) <= set(ids(tmp_path / f"r{n}"))
        finally:
            over.set()
            player.join()
            store.close()

    def test_a_damaged_store_is_not_backed_up_and_the_backup_before_it_stays(
        self, home: Path, tmp_path: Path
    ) -> None:
        with (home / "study.db").open("r+b") as file:
            file.seek(4096 * 3)
            file.write(os.urandom(4096 * 4))
        with pytest.raises(IntegrityError, match=r"study\.db is damaged .* not backed up"):
            back_up(home, tmp_path / "b.tar", KEYS, NOW)
        assert not list(tmp_path.glob("*.tar"))
        assert not list(tmp_path.glob(".*"))

    def test_the_fingerprint_is_that_of_the_lasting_keys_alone(self) -> None:
        assert keys_fingerprint(KEYS) == keys_fingerprint(
            SecretKeys(b"z" * 32, b"p" * 32, b"l" * 32, b"c" * 32)
        )
        assert keys_fingerprint(KEYS) != keys_fingerprint(
            SecretKeys(b"s" * 32, b"q" * 32, b"l" * 32, b"c" * 32)
        )
        assert keys_fingerprint(KEYS) != keys_fingerprint(
            SecretKeys(b"s" * 32, b"p" * 32, b"m" * 32, b"c" * 32)
        )
        assert keys_fingerprint(KEYS) != keys_fingerprint(
            SecretKeys(b"s" * 32, b"p" * 32, b"l" * 32, b"d" * 32)
        )


class TestRestoring:
    @pytest.fixture
    def taken(self, home: Path, tmp_path: Path) -> Path:
        return back_up(home, tmp_path / "b.tar", KEYS, NOW)[0]

    def test_everything_comes_back_and_what_was_there_is_set_aside(
        self, home: Path, taken: Path
    ) -> None:
        store = StudyStore(home / "study.db")
        store.swipes.add("deck", [swipe(0, id="later")])
        store.close()
        (home / "models/abc/a.npy").write_text("spoilt")
        done = restore(home, taken, KEYS, NOW)
        assert ids(home) == [f"s{n}" for n in range(5)]
        assert (home / "models/abc/a.npy").read_text() == "models/abc/a.npy"
        assert (home / "secrets/link_key").read_text() == "secrets/link_key"
        assert done.set_aside == home / f"{SET_ASIDE_PREFIX}{NOW}"
        assert "later" in ids(done.set_aside)
        assert (done.mismatches, done.same_keys) == ((), True)
        accounts = AccountLinks(home / "accounts.db")
        assert accounts.counts_by_method() == {LinkMethod.TABLE: 1}
        accounts.close()

    def test_it_goes_into_an_empty_place_too(self, taken: Path, tmp_path: Path) -> None:
        done = restore(tmp_path / "new", taken, None, NOW)
        assert done.set_aside is None
        assert not done.same_keys
        assert ids(tmp_path / "new") == [f"s{n}" for n in range(5)]
        assert (tmp_path / "new").stat().st_mode & 0o077 == 0

    def test_nothing_is_restored_under_a_running_server(self, home: Path, taken: Path) -> None:
        server = WorkspaceLock(home)
        with pytest.raises(WorkspaceError, match="already: stop it first"):
            restore(home, taken, KEYS, NOW)
        server.close()
        assert not list(home.glob(f"{SET_ASIDE_PREFIX}*"))

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda m: m.update({"study.db": m["study.db"][:-1] + b"x"}), r"study\.db differs"),
            (lambda m: m.pop("chain.head"), r"chain\.head differs"),
            (lambda m: m.pop(CONTENTS_FILE), "cut off"),
            (lambda m: m.update({CONTENTS_FILE: b"{"}), "cannot be read"),
            (lambda m: m.update({CONTENTS_FILE: b'{"schema": 1, "evil": 2}'}), "cannot be read"),
            (lambda m: m.update({CONTENTS_FILE: m.pop(CONTENTS_FILE), "more": b""}), "not ours"),
            (lambda m: m.update({"../out": b"", CONTENTS_FILE: m.pop(CONTENTS_FILE)}), "not ours"),
            (
                lambda m: m.update({"/tmp/out": b"", CONTENTS_FILE: m.pop(CONTENTS_FILE)}),
                "not ours",
            ),
        ],
    )
    def test_what_was_changed_is_named_and_nothing_is_touched(
        self, home: Path, taken: Path, change: Callable[[dict[str, bytes]], object], said: str
    ) -> None:
        other, before = rewritten(taken, change), (home / "study.db").read_bytes()
        with pytest.raises(IntegrityError, match=said):
            restore(home, other, KEYS, NOW)
        assert (home / "study.db").read_bytes() == before
        assert not list(home.glob(".restore*"))
        WorkspaceLock(home).close()

    def test_a_file_cut_off_at_any_place_is_refused(self, home: Path, taken: Path) -> None:
        whole = taken.read_bytes()
        for part in (0, 100, 600, len(whole) // 2, len(whole) - 11_000):
            taken.write_bytes(whole[:part])
            with pytest.raises(IntegrityError):
                restore(home, taken, KEYS, NOW)

    def test_a_newer_backup_asks_for_the_newer_program(self, taken: Path) -> None:
        def newer(members: dict[str, bytes]) -> None:
            said: dict[str, Any] = json.loads(members[CONTENTS_FILE])
            members[CONTENTS_FILE] = json.dumps(said | {"schema": 2}).encode()

        with pytest.raises(WorkspaceError, match="newer brandswipe"):
            archive.read_archive(rewritten(taken, newer))

    def test_a_store_that_differed_before_it_was_backed_up_is_told(
        self, home: Path, tmp_path: Path
    ) -> None:
        raw = sqlite3.connect(home / "study.db")
        raw.execute("drop trigger fixed_swipes")
        raw.execute("update swipes set answer = 'super_like'")
        raw.commit()
        raw.close()
        path, _ = back_up(home, tmp_path / "b.tar", KEYS, NOW)
        done = restore(tmp_path / "new", path, KEYS, NOW)
        assert any("swipes" in said for said in done.mismatches)


class TestOnTheTerminal:
    def test_a_workspace_goes_into_a_file_and_comes_back(
        self, workspace: Path, tmp_path: Path
    ) -> None:
        said = brandswipe("admin", "backup", str(tmp_path), workspace=workspace)
        assert said.code == 0, said.err
        file = said.out.strip()
        assert "all hashes agree" in said.err
        again = brandswipe("admin", "restore", file, workspace=tmp_path / "new")
        assert again.code == 0, again.err
        assert "The keys here are not those of the backup" in again.err
        assert not (tmp_path / "new" / "secrets").exists()
        assert "forget them again" in again.err
        ranked = [
            brandswipe(
                "model", "recommend", "persona-noor", "--format", "json", workspace=place
            ).data["brands"]
            for place in (workspace, tmp_path / "new")
        ]
        assert ranked[0] == ranked[1]

    def test_over_its_own_workspace_it_sets_aside_and_keeps_the_keys(
        self, workspace: Path, tmp_path: Path
    ) -> None:
        before = workspace_keys(Settings(workspace=workspace))
        file = brandswipe(
            "admin", "backup", str(tmp_path / "b.tar"), workspace=workspace
        ).out.strip()
        said = brandswipe("admin", "restore", file, workspace=workspace)
        assert said.code == 0, said.err
        assert "delete it once all is well" in said.err
        assert "The keys here" not in said.err
        assert workspace_keys(Settings(workspace=workspace)) == before

    def test_a_damaged_store_is_found_named_and_mended_by_a_restore(
        self, workspace: Path, tmp_path: Path
    ) -> None:
        assert brandswipe("study", "open", "--name", "autumn", workspace=workspace).code == 0
        file = brandswipe(
            "admin", "backup", str(tmp_path / "b.tar"), workspace=workspace
        ).out.strip()
        page = _page_of(workspace / "study.db", "studies")
        with (workspace / "study.db").open("r+b") as store:
            store.seek(page)
            store.write(b"\xff" * 4096)
        said = brandswipe("doctor", workspace=workspace)
        assert said.code == 4
        assert "study.db is damaged" in said.out
        assert "brandswipe admin restore" in " ".join(said.out.split())
        assert brandswipe("admin", "restore", file, workspace=workspace).code == 0
        assert brandswipe("study", "show", "autumn", workspace=workspace).code == 0


def _page_of(path: Path, table: str) -> int:
    """Where the first page of a table lies in the file."""
    raw = sqlite3.connect(path)
    raw.execute("pragma wal_checkpoint(truncate)")
    sql = "select rootpage from sqlite_schema where name = ?"
    ((page,),) = raw.execute(sql, [table]).fetchall()
    ((size,),) = raw.execute("pragma page_size").fetchall()
    raw.close()
    return int((page - 1) * size)


def test_a_damaged_page_is_named_with_its_table(home: Path) -> None:
    place = _page_of(home / "study.db", "swipes")
    with (home / "study.db").open("r+b") as file:
        file.seek(place)
        file.write(b"\xff" * 4096)
    store = StudyStore(home / "study.db")
    with pytest.raises(DamagedError, match=r"table swipes.*brandswipe admin restore BACKUP"):
        store.db.check_pages()
    store.close()
