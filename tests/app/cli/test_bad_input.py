"""What a person can do wrong gets a sentence or a right answer, from import to rank; never a loss.

Exit code 2 and one sentence, or 0 and the truth; no traceback, and what was there before is there.
"""

import errno
import json
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.study.game import load_game
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from tests.support.cli_runner import Said, brandswipe
from tests.support.event_files import write
from tests.support.paths import SHARED_DATA
from tests.support.planted_shops import FEW

JOURNEY = SHARED_DATA / "completejourney"
T = 1_760_000_000
DAY = 86_400
KINDS = ("view", "wishlist", "follow", "cart", "purchase", "return")
HOSTILE = {
    "a long one": "x" * 10_000,
    "right to left": "שלום עולם",
    "emoji": "🧸👩‍🚀",
    "markup": "<script>alert(1)</script>",
    "a query": "'; drop table decks; --",
    "a format": "{0.__class__} %s %(x)d",
    "a path": "../../etc/passwd",
    "a formula": "=1+1",
}
Row = dict[str, Any]


def row(**changes: Any) -> Row:
    plain: Row = {"customer_id": "ann", "ts": T, "event": "purchase", "brand": "Lego"}
    return plain | {"category": "Toys", "price": 10.0, "list_price": 10.0} | changes


def crowd(brands: int = 60, customers: int = 60) -> list[Row]:
    """A shop that is large enough for a deck."""
    return [
        row(
            customer_id=f"c{c}",
            ts=T + n,
            brand=f"b{(c * 7 + n * n) % brands}",
            category=f"k{n % 3}",
        )
        for c in range(customers)
        for n in range(9)
    ]


def taken(folder: Path, rows: Sequence[Row], name: str = "e.jsonl", *more: str) -> Said:
    return brandswipe(
        "data", "ingest", str(write(rows, folder / name)), *more, workspace=folder / "ws"
    )


def ranked(folder: Path, customer: str, n: int = 5) -> list[dict[str, Any]]:
    said = brandswipe(
        "model", "recommend", customer, "--n", str(n), "--format", "json", workspace=folder / "ws"
    )
    assert said.code == 0, said.err
    brands: list[dict[str, Any]] = said.data["brands"]
    return brands


def fitted(folder: Path) -> None:
    said = brandswipe(
        "model", "fit", "--factors", "8", "--iterations", "2", workspace=folder / "ws"
    )
    assert said.code == 0, said.err


def refused(said: Said, sentence: str) -> None:
    """Exit code 2, nothing on stdout, one clear sentence."""
    assert (said.code, said.out) == (2, ""), said.err
    assert sentence in said.err
    assert "Traceback" not in said.err
    assert "fault of its own" not in said.err
    assert said.err.strip().count("\n") == 0


class TestASmallShop:
    def test_of_one_customer_and_one_brand_ranks_that_brand(self, tmp_path: Path) -> None:
        assert taken(tmp_path, [row()]).code == 0
        fitted(tmp_path)
        (best,) = ranked(tmp_path, "ann")
        assert best["brand"] == "Lego"
        assert best["reason"] == "You bought it once, at full price."

    def test_of_many_customers_and_one_brand(self, tmp_path: Path) -> None:
        assert taken(tmp_path, [row(customer_id=f"c{n}") for n in range(9)]).code == 0
        fitted(tmp_path)
        assert [b["brand"] for b in ranked(tmp_path, "c3")] == ["Lego"]

    def test_of_one_customer_and_many_brands(self, tmp_path: Path) -> None:
        assert taken(tmp_path, [row(brand=f"b{n}", ts=T + n) for n in range(30)]).code == 0
        fitted(tmp_path)
        assert len(ranked(tmp_path, "ann", 40)) == 30

    @pytest.mark.parametrize("kind", KINDS)
    def test_whose_events_are_all_of_one_kind(self, tmp_path: Path, kind: str) -> None:
        rows = [{**each, "event": kind} for each in crowd(30, 20)]
        assert taken(tmp_path, rows).code == 0
        fitted(tmp_path)
        assert len(ranked(tmp_path, "c3")) == 5

    def test_a_customer_with_a_single_event_is_ranked_and_too_thin_to_play(
        self, tmp_path: Path
    ) -> None:
        assert taken(tmp_path, [*crowd(), row(event="follow", brand="b3")]).code == 0
        fitted(tmp_path)
        best = ranked(tmp_path, "ann")[0]
        assert (best["brand"], best["reason"]) == ("b3", "You follow it.")

    def test_too_small_for_a_deck_is_told_at_the_fit_already(self, tmp_path: Path) -> None:
        taken(tmp_path, [row(brand=f"b{n}", ts=T + n) for n in range(6)])
        said = brandswipe("model", "fit", workspace=tmp_path / "ws")
        assert said.code == 0
        assert "too few brands" in said.err

    @pytest.mark.parametrize("name", ["e.csv", "e.jsonl", "e.parquet"])
    def test_of_nobody_is_no_shop(self, tmp_path: Path, name: str) -> None:
        empty = write([row()], tmp_path / name)
        if name == "e.csv":
            empty.write_text(empty.read_text().splitlines()[0] + "\n")
        elif name == "e.jsonl":
            empty.write_text("")
        else:
            import pandas as pd

            pd.read_parquet(empty).head(0).to_parquet(empty)
        said = brandswipe("data", "ingest", str(empty), workspace=tmp_path / "ws")
        assert said.code == 2
        assert "Traceback" not in said.err
        refused(brandswipe("model", "fit", workspace=tmp_path / "ws"), "run brandswipe data ingest")

    def test_without_any_brand_says_that_nothing_can_be_learnt(self, tmp_path: Path) -> None:
        assert taken(tmp_path, [row(brand="merkloos"), row(brand="n/a", ts=T + 1)]).code == 0
        refused(brandswipe("model", "fit", workspace=tmp_path / "ws"), "brand that may be shown")


class TestNumbersAndTimes:
    @pytest.mark.parametrize("price", ["NaN", "-1", "inf", "-0.01", "1e300", "cheap"])
    def test_a_price_that_is_none_is_counted_and_told(self, tmp_path: Path, price: str) -> None:
        rows = [row(brand=f"b{n}", ts=T + n, price="9.99") for n in range(3)]
        said = taken(tmp_path, [*rows, row(price=price)], "e.csv", "--max-bad", "0.5")
        assert said.code == 0
        assert "price is no price: 1 rows" in said.err
        assert "e.csv line 5" in said.err
        fitted(tmp_path)
        assert len(ranked(tmp_path, "ann")) == 3

    def test_too_many_of_them_stop_the_import_and_lose_nothing(self, tmp_path: Path) -> None:
        assert taken(tmp_path, [row()]).code == 0
        fitted(tmp_path)
        before = ranked(tmp_path, "ann")
        said = taken(tmp_path, [row(price="-1")] * 2 + [row(ts=T + 9, price="1")], "more.csv")
        refused(said, "mend the file, or allow more with --max-bad")
        assert ranked(tmp_path, "ann") == before

    def test_a_time_to_come_is_kept_out(self, tmp_path: Path) -> None:
        rows = [row(), row(ts=4_000_000_000, brand="Future")]
        said = taken(tmp_path, rows, "e.csv", "--max-bad", "0.5")
        assert "time in the future" in said.err
        fitted(tmp_path)
        assert [b["brand"] for b in ranked(tmp_path, "ann")] == ["Lego"]

    def test_a_time_without_a_zone_is_read_as_utc_and_told(self, tmp_path: Path) -> None:
        said = taken(tmp_path, [row(ts="2025-10-01 12:00:00")], "e.csv")
        assert said.code == 0
        assert "1 times have no zone and were read as UTC." in said.err

    def test_a_shop_without_a_single_price_is_ranked_all_the_same(self, tmp_path: Path) -> None:
        bare = [{k: v for k, v in each.items() if "price" not in k} for each in crowd()]
        said = taken(tmp_path, bare)
        assert "price" in said.err  # what its absence costs is told
        fitted(tmp_path)
        assert ranked(tmp_path, "c3")[0]["why"]["full_price"] == 0

    def test_rows_that_repeat_another_count_once(self, tmp_path: Path) -> None:
        said = taken(tmp_path, [row()] * 5 + [row(ts=T + DAY)])
        assert "4 rows repeated another one and were left out" in said.err
        fitted(tmp_path)
        assert ranked(tmp_path, "ann")[0]["why"]["purchases"] == 2


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    rows = [row(brand=name, ts=T + n) for n, name in enumerate(HOSTILE.values())]
    rows += [{**each, "event": "follow", "ts": each["ts"] + DAY} for each in rows]
    assert taken(folder, [*crowd(), *rows]).code == 0
    fitted(folder)
    return folder


class TestHostileNames:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_they_come_through_to_the_rank_as_plain_text(self, hostile: Path, name: str) -> None:
        found = {b["brand"] for b in ranked(hostile, "ann", 8)}
        wanted = HOSTILE[name]
        assert (wanted[:120] if len(wanted) > 120 else wanted) in found

    def test_no_control_character_reaches_a_terminal(self, tmp_path: Path) -> None:
        names = ["\x1b[31mred", "a\u202egnp.exe", "tab\there", "line\nbreak", "nul\x00"]
        rows = [row(brand=name, ts=T + n) for n, name in enumerate(names)]
        assert taken(tmp_path, rows).code == 0
        fitted(tmp_path)
        said = brandswipe("model", "recommend", "ann", workspace=tmp_path / "ws")
        assert not set(said.out) & {"\x1b", "\u202e", "\t", "\x00"}

    def test_they_are_dealt_and_shown_as_they_are(self, hostile: Path) -> None:
        from app.study.dealing import Player
        from recsys.study.deck import Origin
        from tests.support.games import game_of, play

        game = game_of(Workspace(Settings(workspace=hostile / "ws")))
        player = Player("p", Origin.OWN, "ann")
        deck = play(game, player)[0].deck
        assert {face.brand for face in game.faces(deck)} & set(HOSTILE.values())
        assert [t.face.brand for t in game.reveal(deck.id, player)] == [c.brand for c in deck.cards]

    @pytest.mark.parametrize("name", ["x" * 10_000, "<b>", "../..", "شكرا", "", " ", "%00"])
    def test_a_hostile_customer_is_an_unknown_one(self, planted: Path, name: str) -> None:
        said = brandswipe("model", "recommend", name, workspace=planted)
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith("The shop has no customer")

    @pytest.mark.parametrize("name", ["x" * 10_000, "<b>", "../..", "شكرا", "a\nb"])
    def test_a_study_may_have_any_name(self, workspace: Path, name: str) -> None:
        assert brandswipe("study", "open", "--name", name, workspace=workspace).code == 0
        listed = brandswipe("study", "list", "--format", "json", workspace=workspace).data
        assert listed[0]["name"] == name
        assert brandswipe("study", "gate", "--study", name, workspace=workspace).code == 3


class TestSensitiveBrands:
    def test_who_buys_nothing_else_gets_what_is_popular_and_no_word_of_it(
        self, tmp_path: Path
    ) -> None:
        rows = [*crowd(), *(row(brand=f"s{n}", ts=T + n, category="Intimacy") for n in range(4))]
        rows = [{**each, "category": "Intimate care"} if each["brand"][0] == "s" else each
                for each in rows]  # fmt: skip
        assert taken(tmp_path, rows).code == 0
        fitted(tmp_path)
        best = ranked(tmp_path, "ann", 70)
        assert not [b for b in best if b["brand"].startswith("s")]
        assert {b["reason"] for b in best} == {"Many people love it."}
        assert all(b["why"]["neighbours"] == [] for b in best)

    def test_a_shop_of_nothing_else_has_nothing_to_learn(self, tmp_path: Path) -> None:
        rows = [row(brand=f"s{n}", ts=T + n, category="Medical") for n in range(9)]
        assert taken(tmp_path, rows).code == 0
        refused(brandswipe("model", "fit", workspace=tmp_path / "ws"), "brand that may be shown")


class TestDamage:
    @pytest.mark.parametrize("name", ["e.csv.gz", "e.parquet", "e.jsonl.gz"])
    def test_a_file_cut_in_the_middle_is_refused_and_nothing_is_lost(
        self, tmp_path: Path, name: str
    ) -> None:
        assert taken(tmp_path, [row()]).code == 0
        fitted(tmp_path)
        before = ranked(tmp_path, "ann")
        file = write(crowd(), tmp_path / name)
        file.write_bytes(file.read_bytes()[: file.stat().st_size * 2 // 3])
        said = brandswipe("data", "ingest", str(file), workspace=tmp_path / "ws")
        refused(said, name)
        assert ranked(tmp_path, "ann") == before

    def test_a_text_cut_in_the_middle_of_a_line_is_told(self, tmp_path: Path) -> None:
        file = write(crowd(), tmp_path / "e.csv")
        file.write_text(file.read_text()[:-9])
        said = brandswipe("data", "ingest", str(file), workspace=tmp_path / "ws")
        assert "stops within a line" in said.err

    def test_a_store_that_is_no_database_is_said_to_be_damaged(self, workspace: Path) -> None:
        (workspace / "study.db").write_bytes(b"not a database at all" * 99)
        said = brandswipe("study", "gate", workspace=workspace)
        assert (said.code, said.out, said.err.count("\n")) == (4, "", 1)
        assert "`brandswipe admin restore BACKUP`" in said.err

    def test_a_list_of_segments_that_is_damaged_is_broken_integrity(self, workspace: Path) -> None:
        (workspace / "events" / "manifest.json").write_text("{")
        said = brandswipe("model", "fit", workspace=workspace)
        assert (said.code, said.out) == (4, "")
        assert "is damaged; restore a backup" in said.err

    def test_models_of_a_shop_that_was_replaced_say_so(
        self, workspace: Path, tmp_path: Path
    ) -> None:
        file = write(crowd(), tmp_path / "e.csv")
        assert brandswipe("data", "ingest", str(file), "--replace", workspace=workspace).code == 0
        refused(
            brandswipe("model", "recommend", "c3", workspace=workspace),
            "Fit again with `brandswipe model fit`",
        )


class TestAFullDisk:
    def full(self, *_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def test_a_fit_keeps_the_earlier_version(
        self, workspace: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = brandswipe(
            "model", "recommend", "c0000004", "--format", "json", workspace=workspace
        ).data
        with monkeypatch.context() as patch:
            patch.setattr("app.storage.model_registry.np.save", self.full)
            refused(brandswipe("model", "fit", workspace=workspace), "make room")
        after = brandswipe(
            "model", "recommend", "c0000004", "--format", "json", workspace=workspace
        ).data
        assert after["brands"] == before["brands"]

    def test_the_store_keeps_every_answer_that_it_had(self, workspace: Path) -> None:
        assert brandswipe("study", "open", workspace=workspace).code == 0
        simulate = ("study", "simulate", "--players", "20")
        assert brandswipe(*simulate, workspace=workspace).code == 0
        before = brandswipe("study", "report", "--format", "json", workspace=workspace).data
        house = Workspace(Settings(workspace=workspace))
        pages = house.store.db.query("pragma page_count")[0]["page_count"]
        house.store.db.query(f"pragma max_page_count = {pages}")

        from app.study.simulation import RaterPool
        from recsys.errors import WorkspaceError
        from recsys.simulation.raters import HONEST

        game = load_game(house, house.store.studies.all()[0])
        with pytest.raises(WorkspaceError, match=r"disk of .* is full: make room"):
            list(RaterPool.of(workspace).play(game, house.keys, 500, 1, HONEST))
        house.close()
        after = brandswipe("study", "report", "--format", "json", workspace=workspace).data
        assert after["players"]["counted"] >= before["players"]["counted"]
        assert brandswipe("study", "gate", workspace=workspace).code in (0, 1, 3)
        assert brandswipe(*simulate, workspace=workspace).code == 0

    def test_an_import_keeps_the_earlier_store(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert taken(tmp_path, [row()]).code == 0
        fitted(tmp_path)
        with monkeypatch.context() as patch:
            patch.setattr("app.storage.event_store.catalog.pq.write_table", self.full)
            refused(taken(tmp_path, crowd(), "more.jsonl"), "is full")
        assert [b["brand"] for b in ranked(tmp_path, "ann")] == ["Lego"]
        assert taken(tmp_path, crowd(), "more.jsonl").code == 0


class TestANewerWorkspace:
    def test_events_of_a_newer_format(self, workspace: Path) -> None:
        file = workspace / "events" / "manifest.json"
        manifest = json.loads(file.read_text())
        file.write_text(json.dumps({**manifest, "format": 99}))
        kept = file.read_bytes()
        for command in (
            "model fit",
            "model recommend c0000004",
            "study open",
            f"data ingest {file}",
        ):
            refused(brandswipe(*command.split(), workspace=workspace), "newer")
        assert file.read_bytes() == kept

    def test_a_store_with_steps_that_this_program_does_not_know(self, workspace: Path) -> None:
        assert brandswipe("study", "open", workspace=workspace).code == 0
        with sqlite3.connect(workspace / "study.db") as db:
            db.execute("insert into _sqlite_migrations values (99, 'brandswipe', 'later', 'now')")
        db.close()
        for command in ("study gate", "study report", "study open", "study simulate"):
            refused(brandswipe(*command.split(), workspace=workspace), "newer brandswipe")

    def test_a_model_with_options_that_this_program_does_not_know(self, workspace: Path) -> None:
        house = Workspace(Settings(workspace=workspace))
        arrays, meta = house.registry.load(house.version().hash)
        later = {**meta, "options": {**meta["options"], "later": 1}}
        version = house.registry.save(arrays, later, house.version().facts)
        said = brandswipe(
            "model", "recommend", "c0000004", "--model", version.hash, workspace=workspace
        )
        refused(said, "saved by an incompatible version")


class TestNobodysWorkIsReplaced:
    def test_the_demo_does_not_replace_a_shops_own_events(self, tmp_path: Path) -> None:
        assert taken(tmp_path, [row()]).code == 0
        refused(
            brandswipe("demo", "--only-build", workspace=tmp_path / "ws"),
            "holds a shop's own events, which the demo would replace",
        )
        fitted(tmp_path)
        assert [b["brand"] for b in ranked(tmp_path, "ann")] == ["Lego"]

    def test_nobody_is_simulated_in_a_live_study(self, workspace: Path, tmp_path: Path) -> None:
        file = write([row()], tmp_path / "own.csv")
        assert brandswipe("data", "ingest", str(file), workspace=workspace).code == 0
        assert brandswipe("study", "open", workspace=workspace).out == "live 1\n"
        refused(
            brandswipe("study", "simulate", workspace=workspace), "is a live study: real colleagues"
        )

    def test_nobody_is_simulated_in_a_closed_one(self, workspace: Path) -> None:
        assert brandswipe("study", "open", workspace=workspace).code == 0
        assert brandswipe("study", "close", workspace=workspace).code == 0
        refused(brandswipe("study", "simulate", workspace=workspace), "Open another one with")

    def test_nobody_is_simulated_where_nobodys_favourites_are_known(self, tmp_path: Path) -> None:
        shutil.rmtree(tmp_path / "ws", ignore_errors=True)
        assert taken(tmp_path, crowd()).code == 0
        fitted(tmp_path)
        assert brandswipe("study", "open", workspace=tmp_path / "ws").code == 0
        refused(brandswipe("study", "simulate", workspace=tmp_path / "ws"), "live study")


@pytest.mark.skipif(not JOURNEY.is_dir(), reason="the real log is not on this computer")
def test_a_real_log_is_imported_fitted_ranked_and_evaluated(tmp_path: Path) -> None:
    ws = tmp_path / "ws"
    products = str(JOURNEY / "products.parquet")
    said = brandswipe(
        "data", "ingest", str(JOURNEY / "events.parquet"), "--products", products, workspace=ws
    )
    assert said.code == 0, said.err
    assert "Imported 74,584 events of 2,373 customers" in said.err
    assert brandswipe("model", "fit", workspace=ws).code == 0
    store = Workspace(Settings(workspace=ws)).event_store
    assert not store.planted
    for customer in list(store.customer_ids())[:5]:
        best = ranked(tmp_path, customer)
        assert [b["rank"] for b in best] == [1, 2, 3, 4, 5]
    found = brandswipe("model", "evaluate", "--format", "json", workspace=ws)
    assert found.code == 0
    assert found.data["customers"] == FEW["app.modeling.evaluation.MAX_EVAL_USERS"]
    for line in found.data["lines"]:
        assert 0 < line["ndcg@10"]["low"] < line["ndcg@10"]["value"] < line["ndcg@10"]["high"] < 1
    assert brandswipe("study", "open", workspace=ws).out == "live 1\n"
    assert brandswipe("study", "gate", workspace=ws).code == 3
