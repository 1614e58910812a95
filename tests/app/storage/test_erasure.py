"""A customer is taken out of the event store, and stays out; ids are hashed and still linked."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.storage.event_store import erasure, segment
from app.storage.event_store.customer_ids import CustomerIds, IdStorage
from app.storage.event_store.erasure import erase_from_event_store
from app.storage.event_store.store import EventStore
from app.storage.ingest.pipeline import IngestResult, ingest
from app.storage.ingest.rejects import erase_from_rejects
from recsys.errors import BadInputError, WorkspaceError
from tests.support.cli_runner import brandswipe
from tests.support.damaged_files import damaged_files
from tests.support.event_files import NOW, write

WHO = CustomerIds(b"k" * 32)
HER = "canary-customer"
PEOPLE = ("ann", HER, "zoe")


def log(*people: str, brand: str = "Lego") -> list[dict[str, Any]]:
    return [
        {"customer_id": who, "ts": NOW - n, "event": "purchase", "product_id": f"p{n}",
         "brand": brand, "price": 10 + n}
        for who in people for n in range(3)
    ]  # fmt: skip


def put(tmp: Path, rows: list[dict[str, Any]], name: str, **options: Any) -> IngestResult:
    file = write(rows, tmp / name)
    return ingest(tmp / "ws", str(file), now=NOW, customer_ids=WHO, **options)


def bytes_with(folder: Path, text: str) -> list[str]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return [file.name for file in files if text.encode() in file.read_bytes()]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    put(tmp_path, log(*PEOPLE), "one.csv")
    put(tmp_path, log(HER, "bob", brand="Nike"), "two.csv")
    return tmp_path / "ws"


def everything(warehouse: EventStore) -> dict[str, list[Any]]:
    return {who: warehouse.events_of(who).tolist() for who in sorted(warehouse.customer_ids())}


def test_an_erased_customer_is_in_no_segment_and_everybody_else_is_as_she_was(store: Path) -> None:
    before, buys = everything(EventStore.open(store)), EventStore.open(store).item_purchases
    assert erase_from_event_store(store, HER, WHO.tombstone(HER)) == 6
    after = EventStore.open(store)
    assert everything(after) == {who: rows for who, rows in before.items() if who != HER}
    assert (after.customers, after.events) == (3, 9)
    assert [part["customers"] for part in after.manifest["segments"]] == [2, 1]
    assert [part["known"] for part in after.manifest["segments"]] == [0, 0]
    assert sum(buys) - sum(after.item_purchases) == 6
    assert not after.has_customer(HER)
    assert damaged_files(after) == []
    assert bytes_with(store, HER) == []


def test_an_import_leaves_an_erased_customer_out_and_says_so(tmp_path: Path, store: Path) -> None:
    erase_from_event_store(store, HER, WHO.tombstone(HER))
    for name, options in (("again.csv", {}), ("anew.csv", {"replace": True})):
        done = put(tmp_path, log(HER, "cleo", brand=name), name, **options)
        assert (done.events, done.customers, done.erased, done.duplicates) == (3, 1, 1, 0)
        assert not EventStore.open(store).has_customer(HER)
    assert bytes_with(store, HER) == []
    assert json.loads((store / "events" / "manifest.json").read_text())["erased"] == [
        WHO.tombstone(HER)
    ]


def test_whoever_was_never_there_is_kept_out_too(tmp_path: Path, store: Path) -> None:
    before = everything(EventStore.open(store))
    assert erase_from_event_store(store, "dana", WHO.tombstone("dana")) == 0
    assert everything(EventStore.open(store)) == before
    assert put(tmp_path, log("dana", "eve"), "more.csv").erased == 1


def test_the_last_customer_of_a_segment_leaves_an_empty_one(tmp_path: Path, store: Path) -> None:
    put(tmp_path, log("solo", brand="Xbox"), "three.csv")
    erase_from_event_store(store, "solo", WHO.tombstone("solo"))
    after = EventStore.open(store)
    assert (after.customers, len(list(after.scan())), damaged_files(after)) == (4, 1, [])
    assert not after.has_customer("solo")


def test_where_there_is_no_store_nobody_is_erased(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="nobody is in them"):
        erase_from_event_store(tmp_path, HER, WHO.tombstone(HER))


@pytest.mark.parametrize("gone", PEOPLE)
def test_who_stood_behind_an_erased_customer_on_her_key_is_still_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    """Everybody wants one key here, so that each stands on the next free one."""
    for module in (segment, erasure):
        monkeypatch.setattr(module, "customer_key", lambda _: 7)
    monkeypatch.setattr("app.storage.event_store.store.customer_key", lambda _: 7)
    monkeypatch.setattr(
        "app.storage.event_store.customer_ids.KEY_SQL", "least(7, length({}))::UBIGINT"
    )
    people = [name.ljust(8, "-") for name in PEOPLE]
    put(tmp_path, log(*people), "one.csv")
    put(tmp_path, log(*people[::-1], brand="Nike"), "two.csv")
    her = gone.ljust(8, "-")
    before = everything(EventStore.open(tmp_path / "ws"))
    assert len(before) == 3
    erase_from_event_store(tmp_path / "ws", her, WHO.tombstone(her))
    after = EventStore.open(tmp_path / "ws")
    assert everything(after) == {who: rows for who, rows in before.items() if who != her}
    assert all(np.all(np.diff(s.keys.astype(np.int64)) > 0) for s in after.segments)


def test_rejects_lose_her_rows_and_no_others(tmp_path: Path) -> None:
    bad = [
        *log("ann", HER)[:4],
        {"customer_id": HER, "ts": NOW, "event": "nonsense", "brand": "Lego"},
        {"customer_id": "bob", "ts": NOW, "event": "nonsense", "brand": "Lego"},
    ]
    put(tmp_path, bad, "bad.csv", max_bad=0.9)
    assert bytes_with(tmp_path / "ws" / "rejects", HER)
    erase_from_rejects(tmp_path / "ws", HER)
    assert not bytes_with(tmp_path / "ws" / "rejects", HER)
    assert bytes_with(tmp_path / "ws" / "rejects", "bob")


def test_hashed_ids_are_in_no_byte_and_still_lead_to_their_events(tmp_path: Path) -> None:
    bad = {"customer_id": HER, "ts": NOW, "event": "nonsense", "brand": "Lego"}
    put(tmp_path, [*log(*PEOPLE), bad], "one.csv", id_storage=IdStorage.HASH, max_bad=0.5)
    put(tmp_path, log(HER, brand="Nike"), "two.csv")  # as the store has them
    warehouse = EventStore.open(tmp_path / "ws")
    stored = WHO.stored_id(IdStorage.HASH, HER)
    assert len(warehouse.events_of(stored)) == 6
    assert (warehouse.customers, warehouse.has_customer(HER)) == (3, False)
    for who in (HER, "zoe"):
        assert bytes_with(tmp_path / "ws", who) == []
    assert CustomerIds(b"o" * 32).stored_id(IdStorage.HASH, HER) != stored
    erase_from_event_store(tmp_path / "ws", stored, WHO.tombstone(HER))
    assert put(tmp_path, log(HER, "bob"), "three.csv").erased == 1


def test_a_store_keeps_ids_in_one_way(tmp_path: Path, store: Path) -> None:
    with pytest.raises(BadInputError, match="--ids keep"):
        put(tmp_path, log("bob", brand="Xbox"), "more.csv", id_storage=IdStorage.HASH)
    put(tmp_path, log("bob", brand="Xbox"), "more.csv", id_storage=IdStorage.HASH, replace=True)
    assert not EventStore.open(store).has_customer("bob")


def test_a_key_says_nothing_in_a_log() -> None:
    assert repr(WHO) == "Customers(...)"


@pytest.fixture
def shop(planted: Path, tmp_path: Path) -> Path:
    """A planted workspace with an event of hers."""
    workspace = tmp_path / "ws"
    shutil.copytree(planted, workspace)
    file = write(log(HER), tmp_path / "hers.csv")
    assert brandswipe("data", "ingest", str(file), workspace=workspace).code == 0
    return workspace


def test_the_terminal_erases_a_customer_and_her_link(shop: Path, tmp_path: Path) -> None:
    table = tmp_path / "staff.csv"
    table.write_text(f"employee,customer_id\n{'a' * 64},{HER}\n", encoding="utf-8")
    assert "Linked 1" in brandswipe("people", "link", str(table), workspace=shop).err
    refused = brandswipe("model", "recommend", HER, workspace=shop)
    assert (refused.code, "colleague" in refused.err) == (2, True)
    said = brandswipe("data", "erase-customer", HER, workspace=shop)
    assert (said.code, "Erased 3 events" in said.err) == (0, True)
    assert bytes_with(shop, HER) == []
    file = write(log(HER, "fay"), tmp_path / "again.csv")
    assert "1 customers were erased" in brandswipe("data", "ingest", str(file), workspace=shop).err
    assert "no customer" in brandswipe("model", "recommend", HER, workspace=shop).err


def test_hashed_ids_are_ranked_by_their_own_name_and_refused_where_they_are_linked(
    tmp_path: Path,
) -> None:
    shop, workspace = tmp_path / "shop", tmp_path / "ws"
    assert brandswipe("data", "generate", "--customers", "300", "--out", str(shop)).code == 0
    refused = brandswipe("data", "ingest", str(shop), "--ids", "hash", workspace=workspace)
    assert (refused.code, "invented" in refused.err) == (2, True)
    log_of_it = [str(shop / "events.parquet"), "--products", str(shop / "products.parquet")]
    assert brandswipe("data", "ingest", *log_of_it, "--ids", "hash", workspace=workspace).code == 0
    assert brandswipe("model", "fit", "--factors", "8", workspace=workspace).code == 0
    assert brandswipe("model", "recommend", "c0000004", workspace=workspace).code == 0
    hashed = next(EventStore.open(workspace).customer_ids())
    assert "no customer" in brandswipe("model", "recommend", hashed, workspace=workspace).err
    table = tmp_path / "staff.csv"
    table.write_text(f"employee,customer_id\n{'a' * 64},c0000004\n", encoding="utf-8")
    assert brandswipe("people", "link", str(table), workspace=workspace).code == 0
    assert brandswipe("model", "recommend", "c0000004", workspace=workspace).code == 2
