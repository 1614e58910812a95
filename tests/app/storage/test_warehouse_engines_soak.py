"""The same events through PostgreSQL and Spark: the store is that of the files, row for row.

`make engines` installs what these need; the server is Debian's package postgresql.
"""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.storage.event_store.store import EventStore
from app.storage.evidence_table import EvidenceTable
from app.storage.ingest.pipeline import ingest
from app.storage.warehouse.engines import export_evidence, fetched_events, spark_session
from app.workspace.planted_shop import write_planted_shop
from recsys.errors import BadEventsError, BadInputError
from tests.support.cli_runner import brandswipe
from tests.support.event_files import write
from tests.support.postgres_server import server
from tests.support.reference_aggregation import (
    HIDDEN,
    PRODUCTS,
    Pairs,
    by_ourselves,
    in_file,
    odd_log,
)
from tests.support.schema_logs import LOGS, NOW, Log

pytestmark = [pytest.mark.soak, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with server() as address:
        yield address


def into_postgres(address: str, table: str, log: Log) -> None:
    import psycopg

    def plain(value: Any) -> Any:
        return json.dumps(value) if isinstance(value, dict | list) else value

    names = list(dict.fromkeys(name for row in log for name in row))
    nested = {k for row in log for k, v in row.items() if isinstance(v, dict | list)}
    whole = {k for row in log for k, v in row.items() if isinstance(v, int)}
    flags = {k for row in log for k, v in row.items() if isinstance(v, bool)}
    known = dict.fromkeys(whole, "BIGINT") | dict.fromkeys(flags, "BOOLEAN")
    kinds = {n: (known | dict.fromkeys(nested, "JSONB")).get(n, "TEXT") for n in names}
    with psycopg.connect(address.replace("postgres://", "postgresql://"), autocommit=True) as con:
        con.execute(f'DROP TABLE IF EXISTS "{table}"')
        typed = ", ".join(f'"{column}" {kind}' for column, kind in kinds.items())
        con.execute(f'CREATE TABLE "{table}" ({typed})')
        marks = ", ".join(["%s"] * len(names))
        rows = [[plain(row.get(name)) for name in names] for row in log]
        con.cursor().executemany(f'INSERT INTO "{table}" VALUES ({marks})', rows)


def through(workspace: Path, address: str, table: str, schema: str = "auto") -> EventStore:
    with fetched_events(workspace, address, table, schema) as file:
        ingest(workspace, str(file), now=NOW)
    assert not (workspace / "fetched").exists()
    return EventStore.open(workspace)


def told(store: EventStore) -> list[tuple[Any, ...]]:
    """Every event in words, in an order that no code decides."""
    c = store.catalog
    names = list(store.customer_ids())
    brands = np.append(c.brands, None)
    return sorted(
        (names[who], *(row[f].item() for f in ("ts", "kind", "price", "list_price", "quantity")),
         c.item_product[row["item"]], str(brands[c.item_brand[row["item"]]]),
         c.categories[c.item_category[row["item"]]])
        for numbers, rows in store.scan()
        for who, row in zip(numbers, rows, strict=True)
    )  # fmt: skip


@pytest.mark.parametrize("name", LOGS)
def test_every_engine_gives_the_same_store(tmp_path: Path, name: str, postgres: str) -> None:
    log = LOGS[name]()
    parquet = write(log, tmp_path / "log.parquet")
    ingest(tmp_path / "files", str(parquet), now=NOW)
    wanted = told(EventStore.open(tmp_path / "files"))
    assert told(through(tmp_path / "spark", "spark://local", spark_view(parquet))) == wanted
    if name != "snowplow":  # whose names are too long for PostgreSQL; test_engines says so
        into_postgres(postgres, "log", log)
        assert told(through(tmp_path / "postgres", postgres, "log")) == wanted


def spark_view(parquet: Path, name: str = "log") -> str:
    """A view over a Parquet file in Spark's session of this process."""
    spark_session("local").read.parquet(str(parquet)).createOrReplaceTempView(name)
    return name


def aggregated(address: str, out: Path, schema: str = "auto", products: str | None = None) -> Pairs:
    export_evidence(address, "log", schema, HIDDEN, products, out)
    return in_file(out)


@pytest.mark.parametrize("name", LOGS)
def test_every_engine_sums_a_schema_up_as_we_do(tmp_path: Path, name: str, postgres: str) -> None:
    log = LOGS[name]()
    parquet = write(log, tmp_path / "log.parquet")
    ingest(tmp_path / "ws", str(parquet), now=NOW)
    wanted = by_ourselves(EventStore.open(tmp_path / "ws"))
    spark_view(parquet)
    assert aggregated("spark://local", tmp_path / "spark.parquet", name) == wanted
    if name != "snowplow":
        into_postgres(postgres, "log", log)
        assert aggregated(postgres, tmp_path / "postgres.parquet", name) == wanted


def test_every_engine_leaves_out_and_mends_what_an_import_does(
    tmp_path: Path, postgres: str
) -> None:
    events, products = (
        write(rows, tmp_path / f"{name}.parquet")
        for name, rows in (("log", odd_log()), ("products", PRODUCTS))
    )
    ingest(tmp_path / "ws", str(events), products=str(products), now=NOW, max_bad=0.5)
    wanted = by_ourselves(EventStore.open(tmp_path / "ws"))
    spark_view(events)
    spark_view(products, "products")
    into_postgres(postgres, "log", odd_log())
    into_postgres(postgres, "products", PRODUCTS)
    for name, address in (("spark", "spark://local"), ("postgres", postgres)):
        out = tmp_path / f"{name}.parquet"
        assert aggregated(address, out, products="products") == wanted, name


def test_a_planted_shop_is_summed_up_to_the_last_cent_by_every_engine(
    tmp_path: Path, postgres: str
) -> None:
    write_planted_shop(tmp_path / "shop", 150, 4, lambda *_: None)
    ingest(tmp_path / "ws", str(tmp_path / "shop"))
    wanted = by_ourselves(EventStore.open(tmp_path / "ws"))
    for name in ("events", "products"):
        rows = pd.read_parquet(tmp_path / "shop" / f"{name}.parquet").astype(object)
        rows = rows.where(rows.notna(), None)
        into_postgres(postgres, {"events": "log"}.get(name, name), rows.to_dict("records"))
        spark_view(tmp_path / "shop" / f"{name}.parquet", {"events": "log"}.get(name, name))
    assert len(wanted) > 1_000
    for name, address in (("spark", "spark://local"), ("postgres", postgres)):
        out = tmp_path / f"{name}.parquet"
        asked = (
            "data",
            "aggregate",
            address,
            "--table",
            "log",
            "--products",
            "products",
            "--out",
            str(out),
        )
        said = brandswipe(*asked)
        assert (said.code, said.out.strip()) == (0, str(out)), said.err
        found = in_file(out)
        assert {pair: found.get(pair) for pair in wanted} == wanted, name
        assert EvidenceTable.open(str(out)).pairs == len(found)


def test_spark_that_breaks_off_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    """Two partitions come and are written; the third one fails."""
    spark_session("local").sql(
        "SELECT CAST(id AS STRING) AS customer_id, id AS ts, IF(id < 300000, 'Lego', "
        "RAISE_ERROR('the shelf fell down')) AS brand FROM RANGE(0, 400000, 1, 4)"
    ).createOrReplaceTempView("log")
    with pytest.raises(BadInputError, match="The warehouse at local broke off"):
        through(tmp_path / "ws", "spark://local", "log")
    assert not (tmp_path / "ws" / "fetched").exists()
    assert not (tmp_path / "ws" / "events").exists()
    out = tmp_path / "evidence.parquet"
    with pytest.raises(BadInputError, match="broke off"):
        aggregated("spark://local", out)
    assert [file.name for file in tmp_path.iterdir()] == ["ws"]


def test_a_server_that_dies_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    """Sixty million rows would come; the server is stopped once the first are on disk."""
    import psycopg

    endless = (
        "CREATE VIEW log AS SELECT 'c' || n AS customer_id, n AS ts, 'Lego' AS brand "
        "FROM generate_series(1, 60000000) AS n"
    )
    with ExitStack() as stack:
        address = stack.enter_context(server())
        with psycopg.connect(address.replace("postgres://", "postgresql://")) as con:
            con.execute(endless)
        killer = Thread(target=stop_once_under_way, args=(tmp_path / "ws" / "fetched", stack))
        killer.start()
        with pytest.raises(BadInputError, match=r"The warehouse at 127\.0\.0\.1 broke off"):
            through(tmp_path / "ws", address, "log")
        killer.join()
    assert not (tmp_path / "ws" / "fetched").exists()
    assert not (tmp_path / "ws" / "events").exists()


def stop_once_under_way(folder: Path, stack: ExitStack) -> None:
    """Stop a server once a file of the folder holds rows; after a minute in any case."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if any(file.stat().st_size > 4 for file in folder.glob("*.parquet")):
            break
        time.sleep(0.02)
    stack.close()


def test_an_engine_that_answers_in_another_type_is_told_so(tmp_path: Path, postgres: str) -> None:
    into_postgres(postgres, "log", [{"customer_id": 7, "ts": NOW - 9, "brand": "Lego"}])
    with pytest.raises(BadEventsError, match="postgres gives customer_id as int64, not as string"):
        through(tmp_path / "ws", postgres, "log")
