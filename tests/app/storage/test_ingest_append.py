"""Days that are added: what comes twice, what comes late, and a store that must be there."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.storage.event_store.store import EventStore
from app.storage.ingest import deduplication
from app.storage.ingest.pipeline import IngestResult, ingest
from recsys.errors import BadEventsError, WorkspaceError
from tests.support.event_files import NOW, Row, write


def taken(tmp: Path, rows: Any, name: str, **options: Any) -> IngestResult:
    return ingest(tmp / "ws", str(write(rows, tmp / name)), now=NOW, **options)


def bought(ago: int, customer: str = "ann", brand: str = "Lego") -> Row:
    return {"customer_id": customer, "ts": NOW - ago, "event": "purchase", "brand": brand}


def everything(folder: Path) -> dict[str, list[Any]]:
    store = EventStore.open(folder)
    brands = store.catalog.brands[store.catalog.item_brand]
    return {
        who: [(int(row["ts"]), brands[row["item"]]) for row in store.events_of(who)]
        for who in store.customer_ids()
    }


def test_a_delivery_that_overlaps_leaves_out_what_is_there_and_says_how_much(
    tmp_path: Path,
) -> None:
    taken(tmp_path, [bought(50), bought(40), bought(40, "bob")], "monday.csv")
    again = [bought(40), bought(40, "bob"), bought(30), bought(45, "eve")]
    done = taken(tmp_path, again, "tuesday.csv", append=True)
    assert (done.events, done.already_stored, done.late, done.duplicates) == (2, 2, 1, 0)
    assert everything(tmp_path / "ws") == {
        "ann": [(NOW - 50, "Lego"), (NOW - 40, "Lego"), (NOW - 30, "Lego")],
        "bob": [(NOW - 40, "Lego")],
        "eve": [(NOW - 45, "Lego")],
    }
    assert EventStore.open(tmp_path / "ws").item_purchases.tolist() == [5]


def test_a_later_day_is_neither_late_nor_repeated(tmp_path: Path) -> None:
    taken(tmp_path, [bought(50)], "monday.csv")
    done = taken(tmp_path, [bought(10)], "tuesday.csv")
    assert (done.events, done.already_stored, done.late) == (1, 0, 0)


def test_a_delivery_of_nothing_new_is_refused_with_the_store_as_it_was(tmp_path: Path) -> None:
    taken(tmp_path, [bought(50), bought(40)], "monday.csv")
    before = EventStore.open(tmp_path / "ws").version
    with pytest.raises(BadEventsError, match="All 1 events of these files are in the store"):
        taken(tmp_path, [bought(40)], "again.csv")
    assert EventStore.open(tmp_path / "ws").version == before


def test_without_times_the_same_may_have_happened_twice(tmp_path: Path) -> None:
    row = {"customer_id": "ann", "brand": "Lego"}
    taken(tmp_path, [row], "one.csv")
    done = taken(tmp_path, [row, row], "two.csv")
    assert (done.events, done.already_stored) == (2, 0)


def test_there_must_be_a_store_to_append_to(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"no events in .* to append to"):
        taken(tmp_path, [bought(5)], "monday.csv", append=True)


events = st.builds(
    bought, st.integers(1, 6), st.sampled_from(["ann", "bob", "eve"]), st.sampled_from("LN")
)


@settings(max_examples=6, deadline=None)
@given(st.lists(events, min_size=1, max_size=20), st.lists(events, min_size=1, max_size=20))
def test_two_deliveries_leave_what_one_of_both_would(
    tmp_path_factory: pytest.TempPathFactory, first: list[Row], second: list[Row]
) -> None:
    parts, whole = tmp_path_factory.mktemp("parts"), tmp_path_factory.mktemp("whole")
    taken(parts, first, "one.csv")
    try:
        taken(parts, second, "two.csv")
    except BadEventsError:
        assert {tuple(row.items()) for row in second} <= {tuple(row.items()) for row in first}
    taken(whole, [*first, *second], "both.csv")
    found = everything(parts / "ws")
    assert {who: sorted(rows) for who, rows in found.items()} == {
        who: sorted(rows) for who, rows in everything(whole / "ws").items()
    }


def test_the_size_of_a_chunk_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = [bought(n, f"c{n % 7}") for n in range(1, 60)]
    second = [bought(n, f"c{n % 7}", brand) for n in range(20, 60, 3) for brand in ("Lego", "Nike")]
    for name, rows in (("large", 1_000_000), ("small", 4)):
        monkeypatch.setattr(deduplication, "CHUNK_ROWS", rows)
        (tmp_path / name).mkdir()
        taken(tmp_path / name, first, "one.csv")
        done = taken(tmp_path / name, second, "two.csv")
        assert (done.events, done.already_stored) == (14, 14)
    rows = [
        np.concatenate([r for _, r in EventStore.open(tmp_path / n / "ws").scan()])
        for n in ("large", "small")
    ]
    assert np.array_equal(*rows)
