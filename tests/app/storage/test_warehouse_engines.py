"""The shop's own warehouse: the query it runs, what it gives back, and how it may fail.

Engines that `make` does not install are met in test_engines_soak.
"""

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from app.storage.event_store.store import EventStore
from app.storage.ingest.pipeline import ingest
from app.storage.warehouse.engines import canonical_types, fetched_events, is_address
from app.storage.warehouse.export_sql import export_statement
from app.storage.warehouse.schemas.dialects import DIALECTS
from app.storage.warehouse.schemas.registry import SCHEMAS
from recsys.errors import BadEventsError, BadInputError, UnknownNameError
from tests.support.cli_runner import brandswipe
from tests.support.event_files import write
from tests.support.schema_logs import LOGS, NOW

SNAPSHOTS = Path(__file__).parent / "expected_sql"


@pytest.mark.parametrize("engine", DIALECTS)
def test_the_query_of_every_schema_is_the_one_on_file(engine: str) -> None:
    known = [name for name in SCHEMAS if (engine, name) != ("postgres", "snowplow")]
    written = "\n\n".join(f"-- {name}\n{export_statement(engine, name)}" for name in known)
    assert written + "\n" == (SNAPSHOTS / f"{engine}.sql").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LOGS)
def test_what_duckdb_exports_by_the_printed_query_is_what_the_files_hold(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = write(LOGS[name](), tmp_path / "log.parquet")
    ingest(tmp_path / "files", str(log), now=NOW)
    monkeypatch.chdir(tmp_path)
    with duckdb.connect() as con:
        con.execute(export_statement("duckdb", name, f"read_parquet('{log}')"))
    ingest(tmp_path / "engine", str(tmp_path / "events.parquet"), now=NOW)
    ours, theirs = (EventStore.open(tmp_path / where) for where in ("files", "engine"))
    hers = [sorted(store.events_of("ann").tolist()) for store in (ours, theirs)]
    assert hers[0] == hers[1]  # a query orders by time, and what was in one second as it likes
    assert ours.catalog.brands.tolist() == theirs.catalog.brands.tolist()


def test_the_exported_rows_stand_customer_by_customer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"user_id": f"u{n % 3}", "item_id": "p", "weight": 1.0, "datetime": f"2025-01-{n:02}"}
        for n in range(20, 9, -1)
    ]
    log = write(rows, tmp_path / "log.parquet")
    monkeypatch.chdir(tmp_path)
    with duckdb.connect() as con:
        con.execute(export_statement("duckdb", "rectools", f"read_parquet('{log}')"))
        found = con.execute("SELECT customer_id, ts FROM 'events.parquet'").fetchall()
    assert found == sorted(found)
    assert len(found) == 11


def test_names_that_an_engine_has_no_room_for_are_said_so() -> None:
    with pytest.raises(BadInputError, match=r"postgres has no names as long as .* of snowplow"):
        export_statement("postgres", "snowplow")


def test_an_unknown_schema_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"'ga3'.*'ga4'"):
        export_statement("duckdb", "ga3")


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("customer_id", pa.int64()),
        ("ts", pa.string()),
        ("brand", pa.list_(pa.string())),
        ("price", pa.string()),
    ],
)
def test_an_engine_that_gives_another_type_is_told_which(column: str, kind: pa.DataType) -> None:
    with pytest.raises(BadEventsError, match=rf"spark gives {column} as .*: cast it in a view"):
        canonical_types(pa.schema([(column, kind)]), "spark")


def test_wider_and_narrower_types_that_lose_nothing_are_taken() -> None:
    given = [("customer_id", pa.large_string()), ("ts", pa.int32()), ("price", pa.decimal128(9, 2))]
    wanted = [("customer_id", pa.string()), ("ts", pa.int64()), ("price", pa.float64())]
    assert canonical_types(pa.schema([*given, ("brand", pa.null())]), "postgres") == pa.schema(
        [*wanted, ("brand", pa.string())]
    )


@pytest.mark.parametrize(
    ("address", "table", "words"),
    [
        ("oracle://shop", "events", "No engine is supported at oracle://. Known: postgres://"),
        ("postgres://shop/db", None, "Name it with --table"),
    ],
)
def test_an_address_that_leads_nowhere_gets_a_sentence(
    tmp_path: Path, address: str, table: str | None, words: str
) -> None:
    assert is_address(address)
    assert not is_address("events/*.parquet")
    with (
        pytest.raises(BadInputError, match=words),
        fetched_events(tmp_path, address, table, "auto"),
    ):
        pass
    assert not (tmp_path / "fetched").exists()


def test_the_terminal_prints_the_query_and_opens_nothing(tmp_path: Path) -> None:
    done = brandswipe(
        "data", "ingest", "--print-sql", "bigquery", "--schema", "ga4", "--table", "`a.b.events_*`"
    )
    assert done.code == 0
    assert "EXPORT DATA" in done.out
    assert "FROM `a.b.events_*` AS e" in done.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--print-sql", "spark"], "needs --schema"),
        ([], "Which events"),
        (["log.csv", "--append", "--replace"], "give one"),
    ],
)
def test_an_ingest_that_cannot_be_meant_says_so(arguments: list[str], words: str) -> None:
    done = brandswipe("data", "ingest", *arguments)
    assert done.code == 2
    assert words in done.err
