"""Events in the words of other systems: what each published schema becomes, and what it costs."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from app.storage.event_store.store import EventStore
from app.storage.ingest.pipeline import IngestResult, ingest
from recsys.dataset.events import EventKind
from recsys.errors import BadEventsError, UnknownNameError
from tests.support import ingested
from tests.support.event_files import write
from tests.support.ingested import stored
from tests.support.schema_logs import (
    BOUGHT,
    HERS,
    LIST_PRICE,
    LOGS,
    LOOKED,
    MORE,
    NOW,
    Log,
    ga4,
    google_retail,
    movielens,
    movielens_products,
    rectools,
    rectools_products,
    segment_tables,
)

_DAT = '1::L\u00e9on "The Pro" (1994)::Children\'s|Drama\n2::Nameless::(no genres listed)\n'
_FLAGS = "|".join("1" if n in (4, 8) else "0" for n in range(19))
_ITEM = (
    f'1|L\u00e9on "The Pro" (1994)|01-Jan-1994||http://x|{_FLAGS}\n'
    f"2|Nameless|||http://x|1{'|0' * 18}\n"
)


def taken(tmp: Path, log: Log, name: str = "log.jsonl", **options: Any) -> IngestResult:
    return ingested.taken(tmp, log, name, now=NOW, **options)


def without_list_price(tmp: Path, customer: str = "ann") -> list[tuple[Any, ...]]:
    """What the store holds of a customer; the list prices apart."""
    return [(*row[:6], row[7]) for row in stored(tmp, customer)]


# ---------------------------------------------------------------- what each schema becomes


@pytest.mark.parametrize("asked", ["auto", "by name"])
@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
@pytest.mark.parametrize("name", LOGS)
def test_the_same_shopping_is_the_same_in_every_schema_and_format(
    tmp_path: Path, name: str, suffix: str, asked: str
) -> None:
    schema = "auto" if asked == "auto" else name
    done = taken(tmp_path, LOGS[name](), f"log.{suffix}", schema=schema, max_bad=0)
    assert sorted(without_list_price(tmp_path)) == sorted([*HERS, *MORE[name]])
    prices = {int(row["list_price"]) for row in EventStore.open(tmp_path / "ws").events_of("ann")}
    assert prices == {LIST_PRICE[name]}
    assert (done.customers, done.bad) == (1, {})
    assert f"Read as {name}." in done.notes


@pytest.mark.parametrize(("name", "rows"), [("ga4", 2), ("google-retail", 1), ("segment", 1)])
def test_rows_without_a_user_and_events_of_no_product_are_counted(
    tmp_path: Path, name: str, rows: int
) -> None:
    notes = " ".join(taken(tmp_path, LOGS[name]()).notes)
    other = {"ga4": 2}.get(name, 1)
    assert f"{other:,} rows have no product event" in notes
    assert f"{rows:,} rows have no user" in notes
    assert "--map THEIRS=customer_id" in notes


def test_browsers_stand_for_customers_where_the_shop_says_so(tmp_path: Path) -> None:
    taken(tmp_path, ga4(), rename={"user_pseudo_id": "customer_id"})
    assert len(without_list_price(tmp_path, "1.2")) == 5  # two of one second are one
    assert not EventStore.open(tmp_path / "ws").has_customer("ann")


def test_a_column_that_is_not_there_cannot_be_renamed(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="'client'"):
        taken(tmp_path, ga4(), rename={"client": "customer_id"})


def test_microseconds_are_rounded_down_to_seconds(tmp_path: Path) -> None:
    taken(tmp_path, ga4())
    assert without_list_price(tmp_path)[0][0] == LOOKED


def test_a_product_of_several_brands_is_evidence_of_each(tmp_path: Path) -> None:
    taken(tmp_path, google_retail())
    bought = [row[3] for row in without_list_price(tmp_path) if row[1] == EventKind.PURCHASE]
    assert sorted(bought) == ["Disney", "Lego"]


def test_the_catalogue_of_google_retail_names_brands_that_events_leave_out(tmp_path: Path) -> None:
    log = json.loads(json.dumps(google_retail()))
    for row in log:
        for detail in row.get("productDetails", []):
            detail["product"] = {"id": "p1"}
    shelf = [
        {
            "id": "p1",
            "title": "Castle",
            "brands": ["Lego"],
            "categories": ["Toys > Bricks"],
            "priceInfo": {"price": 12.5, "originalPrice": 15},
            "availableTime": "2025-01-31T00:00:00Z",
        }
    ]
    (tmp_path / "log").mkdir()
    write(log, tmp_path / "log" / "user-events.jsonl")
    write(shelf, tmp_path / "log" / "catalogue.jsonl")
    ingest(tmp_path / "ws", str(tmp_path / "log"), now=NOW)
    c = EventStore.open(tmp_path / "ws").catalog
    assert {row[3] for row in without_list_price(tmp_path)} == {"Lego"}
    assert c.item_title.tolist() == ["Castle"]
    assert c.item_price.tolist() == [1500]
    assert c.item_released.tolist() == [pd.Timestamp("2025-01-31").timestamp()]


def test_interactions_of_rectools_find_their_brands_in_its_features(tmp_path: Path) -> None:
    write(rectools_products(), tmp_path / "features.csv")
    taken(tmp_path, rectools(), "interactions.csv", products=str(tmp_path / "features.csv"))
    assert [row[:4] for row in without_list_price(tmp_path)] == [
        (BOUGHT, EventKind.PURCHASE, "p1", "Lego")
    ]
    assert [row[3] for row in without_list_price(tmp_path, "bob")] == [None]


def test_a_folder_of_movielens_goes_in_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "ml").mkdir()
    write(movielens(), tmp_path / "ml" / "ratings.csv")
    write(movielens_products(), tmp_path / "ml" / "movies.csv")
    ingest(tmp_path / "ws", str(tmp_path / "ml"), now=NOW)
    assert [row[:5] for row in without_list_price(tmp_path, "7")] == [
        (LOOKED, EventKind.VIEW, "2", None, ""),
        (BOUGHT, EventKind.PURCHASE, "1", "Animation & Comedy", "Animation"),
    ]


@pytest.mark.parametrize(
    ("ratings", "films"),
    [
        (("ratings.dat", "7::1::5::{at}\n7::2::2::{then}\n"), ("movies.dat", _DAT)),
        (("u.data", "7\t1\t5\t{at}\n7\t2\t2\t{then}\n"), ("u.item", _ITEM)),
    ],
)
def test_older_files_of_movielens_have_no_names_of_columns_and_go_in_as_well(
    tmp_path: Path, ratings: tuple[str, str], films: tuple[str, str]
) -> None:
    (tmp_path / "ml").mkdir()
    rows = ratings[1].format(at=BOUGHT, then=LOOKED)
    (tmp_path / "ml" / ratings[0]).write_text(rows, encoding="utf-8")
    (tmp_path / "ml" / films[0]).write_text(films[1], encoding="latin-1")
    (tmp_path / "ml" / "README").write_text("not a row")
    done = ingest(tmp_path / "ws", str(tmp_path / "ml"), now=NOW, max_bad=0)
    assert "Read as movielens." in done.notes
    assert [row[:5] for row in without_list_price(tmp_path, "7")] == [
        (LOOKED, EventKind.VIEW, "2", None, ""),
        (BOUGHT, EventKind.PURCHASE, "1", "Children's & Drama", "Children's"),
    ]
    assert 'L\u00e9on "The Pro" (1994)' in EventStore.open(tmp_path / "ws").catalog.item_title


def test_a_line_of_an_older_file_that_is_no_row_is_named(tmp_path: Path) -> None:
    (tmp_path / "ml").mkdir()
    lines = "".join(f"7::1::5::{BOUGHT - n}\n" for n in range(9)) + "7::1\n"
    (tmp_path / "ml" / "ratings.dat").write_text(lines)
    (tmp_path / "ml" / "movies.dat").write_text("1::Castle::Drama\n")
    with pytest.raises(BadEventsError, match=r"1 of 10 rows.*ratings\.dat line 10"):
        ingest(tmp_path / "ws", str(tmp_path / "ml"), now=NOW)


def test_the_tables_of_segment_are_read_together_each_with_its_own_columns(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    for number, row in enumerate(segment_tables()):
        write([row], tmp_path / "log" / f"{number}.csv")
    done = ingest(tmp_path / "ws", str(tmp_path / "log"), now=NOW, max_bad=0)
    assert sorted(without_list_price(tmp_path)) == sorted(HERS)
    notes = " ".join(done.notes)
    assert "1 rows have no product event" in notes  # the order in tracks
    assert "1 rows have no user_id" in notes


def test_ratings_alone_have_no_brands_and_say_so(tmp_path: Path) -> None:
    with pytest.raises(BadEventsError, match="--products FILE"):
        taken(tmp_path, movielens(), "ratings.csv")


def test_our_own_columns_go_before_any_schema(tmp_path: Path) -> None:
    row = {"user_id": "ann", "item_id": "p", "weight": 1, "datetime": "x", "brand": "Lego"}
    done = taken(tmp_path, [row], "log.csv", rename={"user_id": "customer_id"})
    assert not any("Read as" in note for note in done.notes)
    assert [row[3] for row in without_list_price(tmp_path)] == ["Lego"]


# ---------------------------------------------------------------- bad rows and files


def spoilt(name: str, **values: Any) -> list[dict[str, Any]]:
    """A log of which the last row but one says something that cannot be."""
    log = [dict(row) for row in LOGS[name]()]
    log[3] |= values
    return log


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ga4", {"event_timestamp": "soon"}),
        ("google-retail", {"eventTime": "soon"}),
        ("segment", {"timestamp": "soon"}),
        ("snowplow", {"derived_tstamp": None, "collector_tstamp": "soon"}),
    ],
)
def test_an_unreadable_time_is_a_bad_row_with_its_line(
    tmp_path: Path, name: str, values: dict[str, Any]
) -> None:
    done = taken(tmp_path, spoilt(name, **values), max_bad=0.5)
    assert done.examples[0].startswith("log.jsonl line 4: unreadable time")
    assert len(without_list_price(tmp_path)) == len(HERS) - 1 + len(MORE[name])


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ga4", {"items": "nothing"}),
        ("ga4", {"items": {"item_id": "p1"}}),
        ("google-retail", {"productDetails": None}),
        ("snowplow", {"contexts_com_snowplowanalytics_snowplow_ecommerce_product_1": [7]}),
        ("segment", {"properties": "nothing"}),
    ],
)
def test_what_is_nested_wrongly_loses_its_own_row_and_no_other(
    tmp_path: Path, name: str, values: dict[str, Any]
) -> None:
    taken(tmp_path, spoilt(name, **values))
    known = [row for row in without_list_price(tmp_path) if row[3] is not None]
    assert sorted(known) == sorted(
        row for row in [HERS[0], HERS[2], *MORE[name]] if row[3] is not None
    )


def test_a_log_in_which_nobody_is_a_user_says_so(tmp_path: Path) -> None:
    log = [{**row, "user_id": None} for row in ga4()]
    with pytest.raises(BadEventsError, match=r"6 rows have no user_id.*--map THEIRS=customer_id"):
        taken(tmp_path, log)


def test_a_schema_that_does_not_fit_is_named_with_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BadEventsError) as error:
        taken(tmp_path, movielens(), "ratings.csv", schema="ga4")
    assert str(error.value) == (
        "ratings.csv is not of ga4: it misses event_name, event_timestamp and items. "
        "It looks like movielens."
    )


def test_columns_that_fit_nothing_name_the_nearest_schema(tmp_path: Path) -> None:
    row = {"userId": 1, "movieId": 2, "rating": 3, "when": 4}
    with pytest.raises(BadEventsError, match=r"movielens is nearest: it misses timestamp\."):
        taken(tmp_path, [row], "ratings.csv")


def test_two_schemas_in_one_folder_are_named(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    write(ga4(), tmp_path / "log" / "a.jsonl")
    write(google_retail(), tmp_path / "log" / "b.jsonl")
    write([{"customer_id": 1, "brand": "x"}], tmp_path / "log" / "c.csv")
    with pytest.raises(BadEventsError, match=r"a\.jsonl is of ga4, b\.jsonl of google-retail"):
        ingest(tmp_path / "ws", str(tmp_path / "log"), now=NOW)
    (tmp_path / "log" / "b.jsonl").unlink()
    with pytest.raises(BadEventsError, match=r"a\.jsonl is of ga4, c\.csv of our own columns"):
        ingest(tmp_path / "ws", str(tmp_path / "log"), now=NOW)
