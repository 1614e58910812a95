"""The import: what a log becomes, what it says, and what it refuses with the store as it was."""

import errno
import fcntl
import gzip
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.storage.event_store.store import EventStore
from app.storage.event_store.transaction import explain_failures
from app.storage.ingest.pipeline import ingest
from recsys.dataset.brand_names import NAME_LENGTH
from recsys.dataset.catalog import brand_codes
from recsys.dataset.events import NO_PRICE, EventKind
from recsys.errors import BadEventsError, BadInputError, UnknownNameError, WorkspaceError
from tests.support.damaged_files import damaged_files
from tests.support.event_files import FORMATS, LOG, NOW, Row, write
from tests.support.ingested import stored, taken
from tests.support.paths import SHARED_DATA

REAL = SHARED_DATA / "completejourney"


def plain(**values: Any) -> dict[str, Any]:
    return {"customer_id": "ann", "ts": NOW - 9, "event": "purchase", "brand": "Lego"} | values


# ---------------------------------------------------------------- formats


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_events(tmp_path: Path, name: str) -> None:
    done = taken(tmp_path, LOG, name)
    assert (done.rows, done.events, done.customers, done.brands) == (3, 3, 2, 2)
    assert stored(tmp_path) == [
        (NOW - 300, EventKind.VIEW, "p1", "Lego", "", NO_PRICE, NO_PRICE, 1),
        (NOW - 200, EventKind.PURCHASE, "p1", "Lego", "", NO_PRICE, NO_PRICE, 1),
    ]


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1
)
rows = st.fixed_dictionaries(
    {
        "customer_id": texts.map(lambda t: "c" + t),
        "ts": st.integers(10**9, NOW),
        "event": st.sampled_from([kind.name.lower() for kind in EventKind]),
        "product_id": st.sampled_from(["p1", "p2", 'a "quoted", one']),
        "brand": st.sampled_from(["Lego", "Nike", "שלום", "🧸", "<script>alert(1)</script>"]),
        "category": st.sampled_from(["toys", "shoes; sport"]),
        "price": st.integers(0, 10**6).map(lambda cents: cents / 100),
        "quantity": st.integers(1, 300),
    }
)


@settings(max_examples=15, deadline=None)
@given(st.lists(rows, min_size=1, max_size=12), st.sampled_from(FORMATS))
def test_what_goes_in_comes_out(log: list[Row], name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        taken(Path(folder), log, name)
        for customer in {row["customer_id"] for row in log}:
            expected = {
                (
                    row["ts"],
                    EventKind[row["event"].upper()],
                    row["product_id"],
                    row["brand"],
                    row["category"],
                    round(row["price"] * 100),
                    NO_PRICE,
                    min(row["quantity"], 255),
                )
                for row in log
                if row["customer_id"] == customer
            }
            held = stored(Path(folder), customer)
            assert sorted(held) == sorted(expected)
            assert [row[0] for row in held] == sorted(row[0] for row in held)


def test_the_real_log_goes_in_whole(tmp_path: Path) -> None:
    if not REAL.is_dir():
        pytest.skip(f"the real log is not at {REAL}; get it to run this test")
    done = ingest(tmp_path, str(REAL), now=NOW)
    assert (done.rows, done.events + done.zero_quantity, done.bad, done.duplicates) == (
        75_000,
        75_000,
        {},
        0,
    )
    frame = pd.read_parquet(REAL / "events.parquet")
    hers = frame[(frame["customer_id"] == "906") & (frame["quantity"] > 0)]
    store = EventStore.open(tmp_path)
    events = store.events_of("906")
    assert events["price"].sum() == round(hers["price"].sum() * 100)
    assert events["ts"].tolist() == (hers["ts"].sort_values().astype("int64") // 10**6).tolist()
    codes = store.catalog.item_brand[events["item"]]
    assert sorted(store.catalog.brands[codes]) == sorted(hers["brand"])
    assert store.events == sum(len(part) for _, part in store.scan())


def planted(folder: Path) -> Path:
    folder.mkdir()
    write(LOG[:2], folder / "events-0000.parquet")
    write(LOG[2:], folder / "events-0001.parquet")
    products = [
        {"product_id": "p1", "title": "Castle", "brand": "Lego", "category": "toys", "price": 20.0}
        | {"list_price": 25.0, "release_date": "2025-01-31", "featured": True, "sensitive": False},
        {"product_id": "p3", "title": "Knife", "brand": "Edge", "category": "arms", "price": 9.0}
        | {"list_price": None, "release_date": None, "featured": False, "sensitive": True},
    ]
    pd.DataFrame(products).to_parquet(folder / "products.parquet")
    pd.DataFrame({"customer_id": ["ann"]}).to_parquet(folder / "truth.parquet")
    (folder / "brands.csv").write_text("name\nLego\n")
    (folder / "shop.json").write_text(json.dumps({"planted": True}))
    return folder


def test_a_planted_folder_goes_in_as_a_whole(tmp_path: Path) -> None:
    done = ingest(tmp_path / "ws", str(planted(tmp_path / "shop")), now=NOW)
    assert (done.planted, done.events) == (True, 3)
    assert EventStore.open(tmp_path / "ws").planted
    kept = {file.name for file in (tmp_path / "ws" / "planted").iterdir()}
    assert kept == {"truth.parquet", "brands.csv", "shop.json"}


def test_the_products_file_tells_of_items_and_brands(tmp_path: Path) -> None:
    ingest(tmp_path / "ws", str(planted(tmp_path / "shop")), now=NOW)
    c = EventStore.open(tmp_path / "ws").catalog
    castle = c.item_product.tolist().index("p1")
    assert (c.item_title[castle], c.item_price[castle]) == ("Castle", 2500)
    assert c.item_released[castle] == pd.Timestamp("2025-01-31").timestamp()
    assert c.item_featured.tolist().count(True) == 1
    codes = brand_codes(c)
    assert c.brand_sensitive.tolist() == [name == "Edge" for name in c.brands]
    assert c.categories[c.brand_category[codes["Edge"]]] == "arms"
    assert c.brand_price[codes["Edge"]] == 900
    assert c.brand_price[codes["Nike"]] == NO_PRICE


def test_a_mixed_store_is_not_a_planted_one(tmp_path: Path) -> None:
    ingest(tmp_path / "ws", str(planted(tmp_path / "shop")), now=NOW)
    taken(tmp_path, [plain()])
    assert not EventStore.open(tmp_path / "ws").planted


def test_a_glob_and_a_folder_take_the_same_files(tmp_path: Path) -> None:
    shop = planted(tmp_path / "shop")
    done = ingest(tmp_path / "a", str(shop / "events-*.parquet"), now=NOW)
    assert done.events == ingest(tmp_path / "b", str(shop), now=NOW).events


def test_a_folder_without_events_by_name_gives_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    write(LOG[:1], tmp_path / "log" / "january [1].csv")
    write(LOG[1:], tmp_path / "log" / "february's.jsonl")
    assert ingest(tmp_path / "ws", str(tmp_path / "log"), now=NOW).events == 3


# ---------------------------------------------------------------- columns and words


def test_columns_are_renamed(tmp_path: Path) -> None:
    rows = [{"klant": 7, "merk": "Lego", "brand": "ignored"}]
    taken(tmp_path, rows, rename={"klant": "customer_id", "merk": "brand"})
    assert [row[3] for row in stored(tmp_path, "7")] == ["Lego"]


def test_a_rename_to_or_from_nothing_names_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"'custmer_id'.*customer_id"):
        taken(tmp_path, LOG, rename={"klant": "custmer_id"})
    with pytest.raises(UnknownNameError, match="'klant'"):
        taken(tmp_path, LOG, rename={"klant": "customer_id"})


def test_a_log_without_customers_says_how_to_name_them(tmp_path: Path) -> None:
    with pytest.raises(BadEventsError) as error:
        taken(tmp_path, [{"who": 1, "brand": "Lego"}])
    assert str(error.value) == (
        "This file has no column for the customer. Name it with --map THEIRS=customer_id."
    )


@pytest.mark.parametrize("column", ["product_id", "colour"])
def test_a_log_without_brands_says_where_they_may_come_from(tmp_path: Path, column: str) -> None:
    with pytest.raises(BadEventsError, match="THEIRS=brand"):
        taken(tmp_path, [{"customer_id": "ann", column: "x"}])


def test_missing_columns_are_priced_in_words(tmp_path: Path) -> None:
    notes = " ".join(taken(tmp_path, [{"customer_id": "ann", "brand": "Lego"}]).notes)
    for sentence in ("No times", "No kinds of event", "No products", "No categories", "No prices"):
        assert sentence in notes
    assert "No release dates: new-release evidence is off." in notes
    assert stored(tmp_path) == [(0, EventKind.PURCHASE, "", "Lego", "", NO_PRICE, NO_PRICE, 1)]


def test_a_log_without_times_keeps_its_order_and_its_repeats(tmp_path: Path) -> None:
    names = ["Zara", "Lego", "Zara", "Nike"]
    done = taken(tmp_path, [{"customer_id": "ann", "brand": name} for name in names])
    assert done.duplicates == 0
    assert [row[3] for row in stored(tmp_path)] == names


def test_a_repeated_row_counts_once(tmp_path: Path) -> None:
    rows = [plain(), plain(quantity=2), plain(), plain(ts=NOW - 8)]
    done = taken(tmp_path, rows)
    assert (done.duplicates, done.events) == (1, 3)


def test_rows_in_which_nothing_moved_are_left_out_and_counted(tmp_path: Path) -> None:
    done = taken(tmp_path, [plain(quantity=0), plain(quantity=0, event="view")])
    assert (done.zero_quantity, done.events, done.bad) == (1, 1, {})


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("2025-03-01T12:00:00Z", 1_740_830_400),
        ("2025-03-01 12:00:00+00", 1_740_830_400),
        ("2025-03-01T13:00:00.75+01:00", 1_740_830_400),
        ("2025-03-01 12:00:00", 1_740_830_400),
        ("2025-03-01", 1_740_787_200),
        ("1740830400", 1_740_830_400),
        ("1740830400123", 1_740_830_400),
    ],
)
def test_times_are_read_as_shops_write_them(tmp_path: Path, written: str, seconds: int) -> None:
    done = taken(tmp_path, [plain(ts=written)])
    assert stored(tmp_path)[0][0] == seconds
    zoneless = written in ("2025-03-01 12:00:00", "2025-03-01")
    assert any("read as UTC" in note for note in done.notes) is zoneless


def test_typed_times_are_read_with_and_without_a_zone(tmp_path: Path) -> None:
    times = pd.to_datetime(["2025-03-01 12:00:00"])
    for name, ts in (("a.parquet", times), ("b.parquet", times.tz_localize("Europe/Amsterdam"))):
        pd.DataFrame({"customer_id": [name], "brand": ["Lego"], "ts": ts}).to_parquet(
            tmp_path / name
        )
    bare = ingest(tmp_path / "ws", str(tmp_path / "a.parquet"), now=NOW)
    zoned = ingest(tmp_path / "ws", str(tmp_path / "b.parquet"), now=NOW)
    assert [any("UTC" in note for note in done.notes) for done in (bare, zoned)] == [True, False]
    assert stored(tmp_path, "a.parquet")[0][0] == 1_740_830_400
    assert stored(tmp_path, "b.parquet")[0][0] == 1_740_830_400 - 3600


def test_ids_that_a_table_made_floating_stay_whole(tmp_path: Path) -> None:
    rows = [plain(customer_id=7.0, product_id=12.0), plain(customer_id=8.5, product_id=None)]
    taken(tmp_path, rows, "events.parquet")
    assert stored(tmp_path, "7")[0][2] == "12"
    assert stored(tmp_path, "8.5")[0][2] == ""


# ---------------------------------------------------------------- brands


def test_spellings_of_a_brand_are_one_brand_shown_as_most_write_it(tmp_path: Path) -> None:
    spelt = ["LEGO®", "Lego", " lego ", "Lego", "merkloos", ""]
    done = taken(tmp_path, [plain(brand=name, ts=NOW - n) for n, name in enumerate(spelt)])
    assert {row[3] for row in stored(tmp_path)} == {"Lego", None}
    assert done.brands == 1
    assert done.without_brand == pytest.approx(2 / 6)


def test_long_right_to_left_and_hostile_names_survive(tmp_path: Path) -> None:
    names = ["x" * 10_000, "שלום", "🧸", "<script>alert(1)</script>", "'; DROP TABLE items; --"]
    taken(tmp_path, [plain(brand=name, ts=NOW - n) for n, name in enumerate(names)], "e.jsonl")
    shown = {row[3] for row in stored(tmp_path)}
    assert shown == {"x" * NAME_LENGTH, *names[1:]}


def test_a_brands_file_renames_and_flags(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text(
        "name,aliases,sensitive\nHP,hewlett packard;hp inc,\nEdge,,yes\n,,\n"
    )
    rows = [plain(brand=name) for name in ("Hewlett Packard", "HP inc", "edge")]
    taken(tmp_path, rows, brands=str(tmp_path / "b.csv"))
    c = EventStore.open(tmp_path / "ws").catalog
    assert dict(zip(c.brands, c.brand_sensitive, strict=True)) == {"Edge": True, "HP": False}


@pytest.mark.parametrize("content", [b"", b"title\nx\n", b"name\n", b"\xff\xfe\x00"])
def test_a_brands_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b.csv").write_bytes(content)
    with pytest.raises(BadInputError, match=r"b\.csv"):
        taken(tmp_path, LOG, brands=str(tmp_path / "b.csv"))


def test_pictures_are_drawn_anew_and_bad_ones_skipped(tmp_path: Path) -> None:
    shots = tmp_path / "shots"
    shots.mkdir()
    Image.new("RGB", (900, 600), "red").save(shots / "lego.png", pnginfo=None)
    (shots / "adidas.jpg").write_bytes(b"no picture")
    Image.new("RGB", (9, 9), "blue").save(shots / "swoosh.gif")
    (tmp_path / "b.csv").write_text("name,picture\nNike,swoosh.gif\n")
    rows = [plain(brand=name) for name in ("Lego", "Adidas", "Nike", "Puma")]
    done = taken(tmp_path, rows, brands=str(tmp_path / "b.csv"), pictures=str(shots))
    pictures = EventStore.open(tmp_path / "ws").pictures
    assert pictures.keys() == {"Lego", "Nike"}
    with Image.open(tmp_path / "ws" / "pictures" / f"{pictures['Lego']}.webp") as small:
        assert small.size == (480, 320)
    assert any("Picture skipped, adidas.jpg: its content is not an image" in n for n in done.notes)


def test_a_folder_of_pictures_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="--pictures"):
        taken(tmp_path, LOG, pictures=str(tmp_path / "none"))


# ---------------------------------------------------------------- bad rows

BAD: list[tuple[str, dict[str, Any]]] = [
    ("no customer", {"customer_id": " "}),
    ("unknown event", {"event": "sneeze"}),
    ("unknown event", {"event": ""}),
    ("unreadable time", {"ts": "yesterday"}),
    ("unreadable time", {"ts": "1899-01-01T00:00:00Z"}),
    ("time in the future", {"ts": NOW + 100_000}),
    ("price is no price", {"price": "cheap"}),
    ("price is no price", {"price": "NaN"}),
    ("price is no price", {"price": "inf"}),
    ("price is no price", {"price": "-1"}),
    ("price is no price", {"price": "1e12"}),
    ("list_price is no price", {"list_price": "-0.5"}),
    ("quantity is not a valid number of units", {"quantity": "some"}),
    ("quantity is not a valid number of units", {"quantity": -1}),
]


@pytest.mark.parametrize(("reason", "wrong"), BAD)
def test_a_bad_row_is_counted_by_reason_and_kept_with_its_line(
    tmp_path: Path, reason: str, wrong: dict[str, Any]
) -> None:
    good = {"ts": str(NOW - 9), "price": "", "list_price": "", "quantity": "1"}
    done = taken(tmp_path, [plain(**good), plain(**(good | wrong))], max_bad=0.5)
    assert list(done.bad.values()) == [1]
    assert next(iter(done.bad)).startswith(reason)
    assert done.examples[0].startswith(f"events.csv line 3: {reason}")
    assert done.rejects is not None
    kept = pd.read_csv(done.rejects)
    assert kept["line"].tolist() == [3]
    assert str(next(iter(wrong.values()))).strip() in kept["row"][0]


def test_lines_that_are_no_rows_are_counted_with_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text(
        "customer_id,brand,event\nann,Lego,view\nann,Lego\nann,Lego,view,9\nann,Nike,sneeze\n"
    )
    done = ingest(tmp_path / "ws", str(tmp_path / "e.csv"), max_bad=0.9, now=NOW)
    assert (done.rows, done.events) == (4, 1)
    assert [example.split(":")[0] for example in done.examples] == [
        "e.csv line 3",
        "e.csv line 4",
        "e.csv line 5",
    ]


def test_lines_that_are_no_json_are_counted_with_their_numbers(tmp_path: Path) -> None:
    good = json.dumps({"customer_id": 1, "brand": "Lego"})
    (tmp_path / "e.jsonl").write_text(f'{good}\nnot json\n{good}\n[1]\n{{"customer_id": 1, "bra')
    done = ingest(tmp_path / "ws", str(tmp_path / "e.jsonl"), max_bad=0.9, now=NOW)
    assert (done.rows, done.events) == (5, 2)
    assert [example.split(":")[0] for example in done.examples] == [
        "e.jsonl line 2",
        "e.jsonl line 4",
        "e.jsonl line 5",
    ]


def test_nan_and_infinite_prices_of_a_typed_file_are_bad(tmp_path: Path) -> None:
    rows = [plain(price=1.0), plain(price=float("inf")), plain(price=-1.0)]
    done = taken(tmp_path, rows, "events.parquet", max_bad=0.9)
    assert done.bad == {"price is no price": 2}


def test_too_many_bad_rows_leave_the_store_as_it_was(tmp_path: Path) -> None:
    taken(tmp_path, LOG)
    before = EventStore.open(tmp_path / "ws").version
    with pytest.raises(BadEventsError, match=r"1 of 2 rows \(50.0%\).*1.0% allowed.*line 3"):
        taken(tmp_path, [plain(), plain(event="sneeze")], "more.csv")
    assert EventStore.open(tmp_path / "ws").version == before
    assert list((tmp_path / "ws" / "rejects").iterdir())


# ---------------------------------------------------------------- bad files


def cut(content: bytes) -> bytes:
    return content[: len(content) * 2 // 3]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("e.csv", b""),
        ("e.csv", b"customer_id,brand\n"),
        ("e.csv", b"\n\n\n"),
        ("e.csv", b"brand,brand\n1,2\n"),
        ("e.csv", bytes(range(256)) * 20),
        ("e.csv.gz", b"no gzip at all"),
        ("e.csv.gz", cut(gzip.compress(("customer_id,brand\n" + "a,b\n" * 9).encode(), mtime=0))),
        ("e.jsonl", b"not json\n"),
        ("e.jsonl", bytes(range(256)) * 20),
        ("e.jsonl.gz", cut(gzip.compress(b'{"customer_id": 1, "brand": "Lego"}\n' * 99, mtime=0))),
        ("e.parquet", b"PAR1 but not really"),
        ("e.xlsx", b"anything"),
    ],
)
def test_a_file_that_is_none_gets_one_sentence(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadEventsError) as error:
        ingest(tmp_path / "ws", str(tmp_path / name), now=NOW)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "ws" / "events" / "manifest.json").exists()


def test_a_parquet_file_cut_short_or_damaged_gets_one_sentence(tmp_path: Path) -> None:
    rows = [plain(brand=f"b{n}", ts=NOW - n) for n in range(2000)]
    whole = write(rows, tmp_path / "e.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(cut(whole))
    (tmp_path / "hit.parquet").write_bytes(whole[:100] + b"\xff" * 3000 + whole[3100:])
    for name in ("cut", "hit"):
        with pytest.raises(BadEventsError, match=r"[eE]xport it again"):
            ingest(tmp_path / "ws", str(tmp_path / f"{name}.parquet"), now=NOW)


def test_a_text_that_stops_within_a_line_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("customer_id,brand\nann,Lego\nann,Le")
    done = ingest(tmp_path / "ws", str(tmp_path / "e.csv"), now=NOW)
    assert "e.csv stops within a line; check that it is whole." in done.notes


def test_a_path_to_nothing_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for where in ("none.csv", "none-*.csv", "empty"):
        with pytest.raises(BadEventsError, match=where.replace("*", r"\*")):
            ingest(tmp_path / "ws", str(tmp_path / where), now=NOW)


def test_the_same_file_again_is_refused_until_the_store_starts_anew(tmp_path: Path) -> None:
    taken(tmp_path, LOG)
    with pytest.raises(BadEventsError, match="--replace"):
        taken(tmp_path, LOG, "copy of events.csv")
    lineage = EventStore.open(tmp_path / "ws").catalog.lineage
    taken(tmp_path, [plain(brand="Nike")], replace=True)
    store = EventStore.open(tmp_path / "ws")
    assert (store.events, store.customers, store.catalog.brands.tolist()) == (1, 1, ["Nike"])
    assert store.catalog.lineage != lineage


def test_a_file_given_twice_at_once_is_refused(tmp_path: Path) -> None:
    write(LOG, tmp_path / "events-1.csv")
    write(LOG, tmp_path / "events-2.csv")
    with pytest.raises(BadEventsError, match=r"events-2\.csv"):
        ingest(tmp_path / "ws", str(tmp_path / "events-*.csv"), now=NOW)


# ---------------------------------------------------------------- accidents


def failing_at(stage: str, error: Exception) -> Callable[[str, float], None]:
    def progress(name: str, share: float) -> None:
        del share
        if name == stage:
            raise error

    return progress


STAGES = (
    "reading event files",
    "coding brands and products",
    "indexing customers",
    "sorting events",
    "putting the segment in place",
)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (OSError, (errno.ENOSPC, "no room")),
        (OSError, ("Not enough free space to write 18000000 bytes after offset 0",)),
        (OSError, ("166761 requested and 80195 written",)),
        (duckdb.IOException, ("Could not write file: No space left on device",)),
    ],
)
def test_a_full_disk_is_known_however_it_is_said(
    tmp_path: Path, kind: type[Exception], words: tuple[Any, ...]
) -> None:
    with pytest.raises(WorkspaceError, match=r"disk .* is full"), explain_failures(tmp_path):
        raise kind(*words)


def test_too_little_memory_and_damaged_data_get_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="more memory"), explain_failures(tmp_path):
        raise duckdb.OutOfMemoryException("failed to allocate")
    with pytest.raises(BadEventsError, match="damaged in the middle"), explain_failures(tmp_path):
        raise duckdb.IOException("corrupt page")


@pytest.mark.parametrize("stage", STAGES)
def test_a_full_disk_at_any_stage_leaves_the_earlier_store_working(
    tmp_path: Path, stage: str
) -> None:
    taken(tmp_path, LOG)
    before = EventStore.open(tmp_path / "ws")
    full = OSError(errno.ENOSPC, "no room")
    with pytest.raises(WorkspaceError, match=r"disk .* is full"):
        taken(tmp_path, [plain()], "more.csv", progress=failing_at(stage, full))
    after = EventStore.open(tmp_path / "ws")
    assert (after.version, damaged_files(after)) == (before.version, [])
    assert np.array_equal(after.events_of("ann"), before.events_of("ann"))
    assert len([f for f in (tmp_path / "ws" / "events").iterdir() if f.is_dir()]) == 1
    assert taken(tmp_path, [plain()], "more.csv").events == 1


def test_an_interrupted_import_leaves_the_earlier_store_and_its_leftovers_go(
    tmp_path: Path,
) -> None:
    taken(tmp_path, LOG)
    home = tmp_path / "ws" / "events"
    (home / "import" / "segment").mkdir(parents=True)
    (home / "import" / "segment" / "events.bin").write_bytes(b"half")
    (home / "0123456789abcdef-0002").mkdir()
    assert EventStore.open(tmp_path / "ws").events == 3
    taken(tmp_path, [plain()], "more.csv")
    assert EventStore.open(tmp_path / "ws").events == 4
    assert len([folder for folder in home.iterdir() if folder.is_dir()]) == 2


def test_two_imports_at_once_are_one_too_many(tmp_path: Path) -> None:
    taken(tmp_path, LOG)
    with (tmp_path / "ws" / "events" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(WorkspaceError, match="Another import"):
            taken(tmp_path, [plain()], "more.csv")


def test_an_accident_that_nobody_foresaw_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), explain_failures(tmp_path):
        raise PermissionError(errno.EACCES, "no")


def test_progress_is_told_by_stage(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    taken(tmp_path, LOG, progress=lambda stage, share: told.append((stage, share)))
    assert list(dict.fromkeys(stage for stage, _ in told)) == list(STAGES)
    assert all(0 <= share <= 1 for _, share in told)


# ---------------------------------------------------------------- small shops


@pytest.mark.parametrize(
    "log",
    [
        [plain()],
        [plain(event="view", ts=NOW - n) for n in range(5)],
        [plain(customer_id=str(n)) for n in range(5)],
        [plain(brand="merkloos")],
    ],
)
def test_the_smallest_shops_are_shops(tmp_path: Path, log: list[Row]) -> None:
    done = taken(tmp_path, log)
    assert (
        done.events
        == len(log)
        == sum(len(part) for _, part in EventStore.open(tmp_path / "ws").scan())
    )
