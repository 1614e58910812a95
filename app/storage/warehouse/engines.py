"""Runs export and evidence queries in the shop's own warehouse through Ibis.

The result is streamed into one Parquet file: events in our columns, or aggregated evidence. If the
warehouse fails, no file is left behind. The packages are in the extra `engines`.
"""

import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from app.storage.warehouse.evidence_sql import OWN_SCHEMA, evidence_query
from app.storage.warehouse.schemas.base import NestedFormat, SourceTable, events_query
from app.storage.warehouse.schemas.dialects import BIGQUERY, POSTGRES, SPARK, Dialect
from app.storage.warehouse.schemas.registry import select_schema
from recsys.dataset.events import EVENT_COLUMNS, Col
from recsys.errors import BadEventsError, BadInputError

Connect = Callable[[Any, SplitResult], Any]
SchemaConverter = Callable[[pa.Schema, str], pa.Schema]
_ADDRESSES = "postgres://USER@HOST/DATABASE, spark://HOST, bigquery://PROJECT/DATASET"
_TABLE_HINT = "Which table of the warehouse? Name it with --table."
_BATCH_ROWS = 100_000  # rows fetched at a time
_NUMBERS = (Col.PRICE, Col.LIST_PRICE, Col.QUANTITY)


def is_address(events: str) -> bool:
    """Return whether `events` is the address of an engine and not a file path."""
    return "://" in events


@contextmanager
def fetched_events(workspace: Path, address: str, table: str | None, schema: str) -> Iterator[Path]:
    """Yield a Parquet file with a table's events in our columns; delete it afterwards.

    Raises BadInputError or BadEventsError with a sentence for the user.
    """
    url, (dialect, connect) = _parse_address(address)
    if table is None:
        raise BadInputError(_TABLE_HINT)
    folder = workspace / "fetched"
    shutil.rmtree(folder, ignore_errors=True)  # left by a crash
    folder.mkdir(mode=0o700, parents=True)
    try:
        with _explain_driver_errors(url):
            con = connect(_import_ibis(), url)
            file = folder / f"{table.split('.')[-1]}.parquet"
            _write_result(
                con, dialect, _events_query(con, dialect, table, schema), file, canonical_types
            )
        yield file
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def export_evidence(
    address: str,
    table: str | None,
    schema: str,
    sensitive_words: Collection[str],
    products: str | None,
    out: Path,
) -> None:
    """Aggregate a table in the warehouse; write one row per customer and brand to `out`.

    `out` is written completely or not at all. See `evidence_query`. Raises BadInputError or
    BadEventsError with a sentence for the user.
    """
    url, (dialect, connect) = _parse_address(address)
    if table is None:
        raise BadInputError(_TABLE_HINT)
    if out.exists():
        raise BadInputError(f"{out} is there already: name another file with --out.")
    temp_path = out.with_name(f".{out.name}.new")
    try:
        with _explain_driver_errors(url):
            con = connect(_import_ibis(), url)
            _write_result(
                con,
                dialect,
                _evidence_query(con, dialect, table, schema, sensitive_words, products),
                temp_path,
            )
        temp_path.rename(out)
    finally:
        temp_path.unlink(missing_ok=True)


def _parse_address(address: str) -> tuple[SplitResult, tuple[Dialect, Connect]]:
    url = urlsplit(address)
    engine = {"postgresql": "postgres"}.get(url.scheme, url.scheme)
    if engine not in _ENGINES:
        raise BadInputError(f"No engine is supported at {url.scheme}://. Known: {_ADDRESSES}.")
    return url, _ENGINES[engine]


def _import_ibis() -> Any:
    try:
        import ibis
    except ImportError as error:
        raise BadInputError(
            "Another engine needs the extra `engines`: pip install 'brandswipe[engines]'."
        ) from error
    return ibis


def _connect_postgres(ibis: Any, url: SplitResult) -> Any:
    con = ibis.postgres.connect(
        host=url.hostname,
        port=url.port or 5432,
        user=url.username and unquote(url.username),
        password=url.password and unquote(url.password),
        database=url.path.strip("/"),
    )
    con.raw_sql("SET TimeZone = 'UTC'").close()
    # PostgreSQL estimates one row for filtered expressions; a nested loop would then scan all
    # products for each event
    con.raw_sql("SET enable_nestloop = off").close()
    return con


def _connect_spark(ibis: Any, url: SplitResult) -> Any:
    return ibis.pyspark.connect(spark_session(url.netloc))


def spark_session(host: str) -> Any:
    """Return a Spark session on a host; `local` runs Spark on this computer with two cores."""
    from pyspark.sql import SparkSession

    is_local = host == "local"
    builder = SparkSession.builder.master("local[2]" if is_local else f"spark://{host}")
    options: dict[str, Any] = {"spark.sql.session.timeZone": "UTC", "spark.ui.enabled": "false"}
    if is_local:  # Spark opens ports: bind them to this computer only
        options |= dict.fromkeys(("spark.driver.host", "spark.driver.bindAddress"), "127.0.0.1")
    return builder.appName("brandswipe").config(map=options).getOrCreate()


def _connect_bigquery(ibis: Any, url: SplitResult) -> Any:
    return ibis.bigquery.connect(project_id=url.netloc, dataset_id=url.path.strip("/"))


_ENGINES: dict[str, tuple[Dialect, Connect]] = {
    "postgres": (POSTGRES, _connect_postgres),
    "spark": (SPARK, _connect_spark),
    "bigquery": (BIGQUERY, _connect_bigquery),
}


@contextmanager
def _explain_driver_errors(url: SplitResult) -> Iterator[None]:
    """Turn any driver's exception into a BadInputError, a sentence without the password."""
    try:
        yield
    except (BadInputError, KeyboardInterrupt):
        raise
    except Exception as error:  # drivers have no common base class of errors
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise BadInputError(
            f"The warehouse at {url.hostname} broke off: {first_line}. Nothing was kept; run "
            "it again."
        ) from error


def _write_result(
    con: Any, dialect: Dialect, sql: str, file: Path, convert: SchemaConverter | None = None
) -> None:
    result_schema, batches = (
        _read_spark_batches(sql) if dialect is SPARK else _read_batches(con, sql)
    )
    target_schema = result_schema if convert is None else convert(result_schema, dialect.name)
    with pq.ParquetWriter(file, target_schema) as out:
        for batch in batches:
            out.write_table(pa.Table.from_batches([batch]).cast(target_schema))


def _read_batches(con: Any, sql: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    reader = con.sql(sql).to_pyarrow_batches(chunk_size=_BATCH_ROWS)
    return reader.schema, reader


def _read_spark_batches(sql: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Return schema and batches, read by partition: Ibis would hold the whole result in memory."""
    from pyspark.sql import SparkSession
    from pyspark.sql.pandas.types import to_arrow_schema

    session = SparkSession.getActiveSession()
    assert session is not None  # _connect_spark created it
    result = session.sql(sql)
    schema = to_arrow_schema(result.schema)
    rows = result.toLocalIterator()
    return schema, (
        pa.RecordBatch.from_pylist([row.asDict() for row in some], schema)
        for some in iter(lambda: list(islice(rows, _BATCH_ROWS)), [])
    )


def _events_query(con: Any, dialect: Dialect, table: str, schema: str) -> str:
    columns = _table_columns(con, table)
    event_schema = select_schema(schema, columns, {}, table)
    if event_schema is not None:
        return events_query(event_schema, SourceTable(dialect, columns), table)
    our_columns = [column for column in EVENT_COLUMNS if column in columns]
    if Col.CUSTOMER not in our_columns:
        raise BadInputError(f"The table {table} is of no known schema; name one with --schema.")
    return f"SELECT {', '.join(our_columns)} FROM {table}"


def _evidence_query(
    con: Any,
    dialect: Dialect,
    table: str,
    schema: str,
    sensitive_words: Collection[str],
    products: str | None,
) -> str:
    columns = _table_columns(con, table)
    event_schema = select_schema(schema, columns, {}, table) or OWN_SCHEMA
    missing = [name for name in event_schema.required_columns if name not in columns]
    if missing:
        raise BadInputError(
            f"The table {table} has no column {missing[0]}, without which nothing can be "
            "summed up; "
            "name its schema with --schema, or make a view in our columns."
        )
    product_table = None if products is None else (products, _table_columns(con, products))
    return evidence_query(
        event_schema, SourceTable(dialect, columns), table, sensitive_words, product_table
    )


def _table_columns(con: Any, table: str) -> dict[str, str]:
    *prefix, name = table.split(".")
    table_schema = con.table(name, database=tuple(prefix) or None).schema()
    return {
        str(c): "" if kind.is_primitive() else _nested_format(kind)
        for c, kind in table_schema.items()
    }


def _nested_format(kind: Any) -> str:
    if kind.is_string():
        return NestedFormat.JSON
    return NestedFormat.NATIVE if kind.is_nested() or kind.is_json() else ""


def canonical_types(schema: pa.Schema, engine: str) -> pa.Schema:
    """Return the schema with our columns' types; BadEventsError if a type does not fit."""
    return pa.schema([(field.name, _canonical_type(field, engine)) for field in schema])


def _canonical_type(field: pa.Field, engine: str) -> pa.DataType:
    kind = field.type
    if field.name in _NUMBERS:
        target, fits = pa.float64(), _is_numeric(kind)
    elif field.name == Col.TS:
        target = kind if pa.types.is_timestamp(kind) else pa.int64()
        fits = pa.types.is_integer(kind) or pa.types.is_timestamp(kind)
    else:
        target, fits = pa.string(), pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if not fits and not pa.types.is_null(kind):
        raise BadEventsError(
            f"{engine} gives {field.name} as {kind}, not as {target}: cast it in a view, and "
            "name the view with --table."
        )
    return target


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )
