"""The store: one customer's events, everybody's, segments, samples, and what damages it."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from app.storage.event_store import segment_writer
from app.storage.event_store.segment import (
    KEY_SPACE,
    CustomerKeys,
    Segment,
    customer_key,
    locate_customer,
)
from app.storage.event_store.store import EventStore
from app.storage.ingest.pipeline import ingest
from recsys.dataset.events import EVENT_DTYPE, EventRows
from recsys.errors import IntegrityError, WorkspaceError
from tests.support.damaged_files import damaged_files
from tests.support.event_files import LOG, NOW, write


def log(customers: int, seed: int, brands: int = 7) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    return [
        {"customer_id": f"c{c}", "ts": NOW - int(t), "event": "view", "brand": f"Brand {b}"}
        for c, t, b in zip(
            rng.integers(0, customers, customers * 5),
            rng.choice(10**6, customers * 5, replace=False),
            rng.integers(0, brands, customers * 5),
            strict=True,
        )
    ]


def store_of(tmp: Path, *logs: Any, **options: Any) -> EventStore:
    for n, rows in enumerate(logs):
        ingest(tmp / "ws", str(write(rows, tmp / f"e{n}.parquet")), now=NOW, **options)
    return EventStore.open(tmp / "ws")


def swept(store: EventStore, **options: Any) -> dict[int, list[tuple[int, str]]]:
    """Customer number -> (time, brand) in the order of the scan."""
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for numbers, rows in store.scan(**options):
        for number, seen in zip(numbers.tolist(), seen_of(store, rows), strict=True):
            found[number].append(seen)
    return dict(found)


def seen_of(store: EventStore, rows: EventRows) -> list[tuple[int, str]]:
    names = store.catalog.brands[store.catalog.item_brand[rows["item"]]]
    return list(zip(rows["ts"].tolist(), names.tolist(), strict=True))


def expected(rows: list[dict[str, Any]]) -> dict[str, list[tuple[int, str]]]:
    by: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for row in rows:
        by[row["customer_id"]].append((row["ts"], row["brand"]))
    return {customer: sorted(seen) for customer, seen in by.items()}


def test_no_store_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="brandswipe data ingest"):
        EventStore.open(tmp_path)


def test_a_store_knows_its_size_and_its_latest_time(tmp_path: Path) -> None:
    store = store_of(tmp_path, LOG)
    assert (store.customers, store.events, store.as_of) == (2, 3, NOW - 100)
    assert damaged_files(store) == []


def test_an_unknown_customer_has_no_events(tmp_path: Path) -> None:
    store = store_of(tmp_path, LOG)
    for stranger in ("nobody", "", "x" * 10_000, "שלום"):
        events = store.events_of(stranger)
        assert (events.dtype, len(events), store.has_customer(stranger)) == (EVENT_DTYPE, 0, False)


def test_two_segments_answer_as_one(tmp_path: Path) -> None:
    first, second = log(30, seed=1), log(60, seed=2, brands=9)
    store = store_of(tmp_path, first, second)
    by = expected(first + second)
    assert (store.customers, store.events) == (len(by), len(first) + len(second))
    assert {c: seen_of(store, store.events_of(c)) for c in by} == by
    found = swept(store)
    ids = list(store.customer_ids())
    assert {ids[number]: seen for number, seen in found.items()} == by


def test_codes_only_grow_within_a_lineage(tmp_path: Path) -> None:
    before = store_of(tmp_path, log(10, seed=1)).catalog
    more = [*log(10, seed=2, brands=12), {**LOG[0], "brand": "BRAND 1"}]
    ingest(tmp_path / "ws", str(write(more, tmp_path / "more.csv")), now=NOW)
    after = EventStore.open(tmp_path / "ws").catalog
    assert after.lineage == before.lineage
    assert after.brands.tolist()[: len(before.brands)] == before.brands.tolist()
    kept = len(before.item_brand)
    assert np.array_equal(after.item_brand[:kept], before.item_brand)
    assert len(after.brands) == 12


def test_a_later_products_file_speaks_for_old_items_too(tmp_path: Path) -> None:
    store_of(tmp_path, LOG)
    products = [{"product_id": "p1", "title": "Castle", "brand": "Lego", "list_price": 9.5}]
    shelf = write(products, tmp_path / "products.csv")
    more = write([{**LOG[0], "ts": NOW}], tmp_path / "more.csv")
    ingest(tmp_path / "ws", str(more), products=str(shelf), now=NOW)
    store = EventStore.open(tmp_path / "ws")
    items = store.events_of("ann")["item"]
    assert len(set(items.tolist())) == 1
    assert store.catalog.item_title[items[0]] == "Castle"
    assert store.catalog.item_price[items[0]] == 950


def test_prices_of_items_come_from_the_log_where_no_file_gives_them(tmp_path: Path) -> None:
    rows = [
        {"customer_id": "a", "ts": NOW, "product_id": "p", "brand": "Lego", "price": price}
        | {"list_price": full}
        for price, full in ((1.0, 2.0), (1.0, 4.0), (3.0, None))
    ]
    assert store_of(tmp_path, rows).catalog.brand_price.tolist() == [300]


def test_the_same_log_makes_the_same_store(tmp_path: Path) -> None:
    versions = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        versions.add(store_of(tmp_path / name, log(50, seed=3)).version)
    assert len(versions) == 1


def test_a_version_changes_with_an_import(tmp_path: Path) -> None:
    before = store_of(tmp_path, log(5, seed=3)).version
    ingest(tmp_path / "ws", str(write(LOG, tmp_path / "more.csv")), now=NOW)
    assert EventStore.open(tmp_path / "ws").version != before


# ---------------------------------------------------------------- samples


def test_a_scan_is_the_same_whatever_the_chunk(tmp_path: Path) -> None:
    store = store_of(tmp_path, log(200, seed=4), log(100, seed=5))
    whole = swept(store)
    for chunk in (1, 17, 300, 10**9):
        parts = list(store.scan(chunk=chunk))
        assert swept(store, chunk=chunk) == whole
        numbers = np.concatenate([part[0] for part in parts])
        assert np.all(np.diff(numbers) >= 0)
        ends = [set(part[0].tolist()) for part in parts]
        assert sum(len(end) for end in ends) == len(set().union(*ends))


@pytest.mark.parametrize("segments", [1, 2])
def test_a_sample_holds_whole_customers_and_the_same_ones_each_time(
    tmp_path: Path, segments: int
) -> None:
    store = store_of(tmp_path, *(log(2000, seed=s) for s in range(segments)))
    whole, sample = swept(store), swept(store, sample=0.3, seed=1)
    assert sample == swept(store, sample=0.3, seed=1, chunk=50)
    assert all(whole[number] == seen for number, seen in sample.items())
    assert 0.25 < len(sample) / len(whole) < 0.35
    assert len(list(store.customer_ids(0.3, seed=1))) == len(sample)


def test_a_smaller_sample_is_part_of_a_larger_one_and_a_seed_takes_others(tmp_path: Path) -> None:
    store = store_of(tmp_path, log(2000, seed=4))
    small, large = swept(store, sample=0.1), swept(store, sample=0.4)
    assert small.keys() < large.keys()
    assert small.keys() != swept(store, sample=0.1, seed=1).keys()
    assert swept(store, sample=0.0) == {}
    assert swept(store, sample=1.0) == swept(store, sample=7.0)


# ---------------------------------------------------------------- keys that clash


def segment(folder: Path, wanted: CustomerKeys, ids: list[str], older: list[Segment]) -> Segment:
    """Write a segment in which customer n of `ids` has one event, at second n."""
    folder.mkdir()
    names = pa.array(ids, pa.large_string())
    keys = segment_writer.assign_keys(wanted, names, older)
    order = np.argsort(keys)
    segment_writer.write_index(folder, keys[order], names.take(pa.array(order)))
    rows = np.zeros(len(ids), EVENT_DTYPE)
    rows["ts"] = order
    rows.tofile(folder / "events.bin")
    np.save(folder / "starts.npy", np.arange(len(ids) + 1, dtype=np.uint64))
    return Segment.open(folder)


def test_customers_whose_keys_clash_are_kept_apart(tmp_path: Path) -> None:
    same = np.full(3, 41, dtype=np.uint64)
    first = segment(tmp_path / "1", same, ["ann", "bob", "cor"], [])
    more = np.array([41, 41, 42, KEY_SPACE - 1], dtype=np.uint64)
    second = segment(tmp_path / "2", more, ["bob", "dan", "eve", "fay"], [first])
    found = {
        name: [
            segment.rows_at(at)["ts"].tolist()
            for segment, at in locate_customer([first, second], name, key)
        ]
        for name, key in [("ann", 41), ("bob", 41), ("cor", 41), ("dan", 41), ("eve", 42)]
    }
    assert found == {"ann": [[0]], "bob": [[1], [0]], "cor": [[2]], "dan": [[1]], "eve": [[2]]}
    assert locate_customer([first, second], "stranger", 41) == []
    assert len(np.unique(np.concatenate([first.keys, second.keys]))) == 6


def test_the_last_key_is_followed_by_the_first(tmp_path: Path) -> None:
    last = np.full(2, KEY_SPACE - 1, dtype=np.uint64)
    only = segment(tmp_path / "1", last, ["ann", "bob"], [])
    assert only.keys.tolist() == [0, KEY_SPACE - 1]
    assert len(locate_customer([only], "bob", KEY_SPACE - 1)) == 1


def test_a_key_is_the_same_in_sql(tmp_path: Path) -> None:
    store = store_of(tmp_path, [{"customer_id": "zoë 🧸", "ts": NOW, "brand": "Lego"}])
    assert store.keys.tolist() == [customer_key("zoë 🧸")]


# ---------------------------------------------------------------- large and damaged


def test_rows_beyond_one_bucket_are_sorted_just_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = log(200, seed=6)
    once = store_of(tmp_path, rows)
    monkeypatch.setattr(segment_writer, "BUCKET_ROWS", 64)
    monkeypatch.setattr(segment_writer, "BATCH_ROWS", 100)
    (tmp_path / "small").mkdir()
    assert store_of(tmp_path / "small", rows).version == once.version


def test_a_newer_workspace_asks_for_an_upgrade(tmp_path: Path) -> None:
    store_of(tmp_path, LOG)
    file = tmp_path / "ws" / "events" / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 99}))
    with pytest.raises(WorkspaceError, match="newer Brandswipe; upgrade"):
        EventStore.open(tmp_path / "ws")
    before = sorted((tmp_path / "ws" / "events").iterdir())
    with pytest.raises(WorkspaceError, match="newer Brandswipe; upgrade"):
        store_of(tmp_path, log(3, seed=1))
    assert sorted((tmp_path / "ws" / "events").iterdir()) == before


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": null}'])
def test_a_damaged_manifest_is_said_so(tmp_path: Path, text: str) -> None:
    store_of(tmp_path, LOG)
    (tmp_path / "ws" / "events" / "manifest.json").write_text(text)
    with pytest.raises(IntegrityError, match=r"manifest\.json.*--replace"):
        EventStore.open(tmp_path / "ws")


@pytest.mark.parametrize("name", ["events.bin", "keys.npy", "starts.npy", "ids.bin"])
def test_a_missing_or_cut_part_is_said_so(tmp_path: Path, name: str) -> None:
    folder = store_of(tmp_path, LOG).folders[0]
    (folder / name).write_bytes(b"")
    with pytest.raises(IntegrityError, match="--replace"):
        EventStore.open(tmp_path / "ws")
    (folder / name).unlink()
    with pytest.raises(IntegrityError, match="--replace"):
        EventStore.open(tmp_path / "ws")
    again = store_of(tmp_path, LOG, replace=True)
    assert (again.events, damaged_files(again)) == (3, [])


def test_an_events_file_short_of_some_rows_is_said_so(tmp_path: Path) -> None:
    file = store_of(tmp_path, LOG).folders[0] / "events.bin"
    file.write_bytes(file.read_bytes()[: EVENT_DTYPE.itemsize])
    with pytest.raises(IntegrityError, match="--replace"):
        EventStore.open(tmp_path / "ws")


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    store = store_of(tmp_path, LOG)
    file = store.folders[0] / "events.bin"
    file.write_bytes(b"\x07" + file.read_bytes()[1:])
    assert damaged_files(store) == [f"{file.parent.name}/events.bin"]


def test_a_store_replaced_under_a_reader_tells_it_to_start_again(tmp_path: Path) -> None:
    old = store_of(tmp_path, LOG)
    ingest(tmp_path / "ws", str(write(LOG[:1], tmp_path / "new.csv")), replace=True, now=NOW)
    assert len(old.events_of("ann")) == 2
    for read in (lambda: list(old.scan()), lambda: old.catalog):
        with pytest.raises(WorkspaceError, match="replaced"):
            read()
