"""A warehouse of the shop's own does the heavy part: a query runs there, through Ibis.

What comes back is streamed into one Parquet file, in our columns for the import or summed up. A
warehouse that breaks off leaves nothing behind. The packages are the extra `engines`.
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

from app.storage.warehouse.evidence_sql import OWN, aggregation
from app.storage.warehouse.schemas.base import Nested, Source, query
from app.storage.warehouse.schemas.dialects import BIGQUERY, POSTGRES, SPARK, Dialect
from app.storage.warehouse.schemas.registry import chosen
from recsys.dataset.events import EVENT_COLUMNS, Col
from recsys.errors import BadEventsError, BadInputError

Connect = Callable[[Any, SplitResult], Any]
Typed = Callable[[pa.Schema, str], pa.Schema]
_ADDRESSES = "postgres://USER@HOST/DATABASE, spark://HOST, bigquery://PROJECT/DATASET"
_WHICH = "Which table of the warehouse? Name it with --table."
_ROWS = 100_000  # that come at a time
_NUMBERS = (Col.PRICE, Col.LIST_PRICE, Col.QUANTITY)


def is_address(events: str) -> bool:
    """Whether this names an engine and not a file."""
    return "://" in events


@contextmanager
def fetched(workspace: Path, address: str, table: str | None, schema: str) -> Iterator[Path]:
    """Yield a Parquet file with a table's events in our columns; it is gone afterwards.

    Raises BadInputError or BadEventsError with a sentence.
    """
    where, (dialect, connect) = _found(address)
    if table is None:
        raise BadInputError(_WHICH)
    folder = workspace / "fetched"
    shutil.rmtree(folder, ignore_errors=True)  # of a crash
    folder.mkdir(mode=0o700, parents=True)
    try:
        with _said(where):
            con = connect(_ibis(), where)
            file = folder / f"{table.split('.')[-1]}.parquet"
            _stream(con, dialect, _query(con, dialect, table, schema), file, checked)
        yield file
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def summed(
    address: str,
    table: str | None,
    schema: str,
    hidden: Collection[str],
    products: str | None,
    out: Path,
) -> None:
    """Let a warehouse sum a table up; write a row a customer and brand, whole or not at all.

    See `aggregating.aggregation`. Raises BadInputError or BadEventsError with a sentence.
    """
    where, (dialect, connect) = _found(address)
    if table is None:
        raise BadInputError(_WHICH)
    if out.exists():
        raise BadInputError(f"{out} is there already: name another file with --out.")
    aside = out.with_name(f".{out.name}.new")
    try:
        with _said(where):
            con = connect(_ibis(), where)
            _stream(
                con, dialect, _aggregation(con, dialect, table, schema, hidden, products), aside
            )
        aside.rename(out)
    finally:
        aside.unlink(missing_ok=True)


def _found(address: str) -> tuple[SplitResult, tuple[Dialect, Connect]]:
    where = urlsplit(address)
    engine = {"postgresql": "postgres"}.get(where.scheme, where.scheme)
    if engine not in _ENGINES:
        raise BadInputError(f"No engine answers at {where.scheme}://. Known: {_ADDRESSES}.")
    return where, _ENGINES[engine]


def _ibis() -> Any:
    try:
        import ibis
    except ImportError as error:
        raise BadInputError(
            "Another engine needs the extra `engines`: pip install 'brandswipe[engines]'."
        ) from error
    return ibis


def _postgres(ibis: Any, where: SplitResult) -> Any:
    con = ibis.postgres.connect(
        host=where.hostname,
        port=where.port or 5432,
        user=where.username and unquote(where.username),
        password=where.password and unquote(where.password),
        database=where.path.strip("/"),
    )
    con.raw_sql("SET TimeZone = 'UTC'").close()
    # of filtered expressions it expects one row, and would walk through all products for each event
    con.raw_sql("SET enable_nestloop = off").close()
    return con


def _spark(ibis: Any, where: SplitResult) -> Any:
    return ibis.pyspark.connect(spark_session(where.netloc))


def spark_session(place: str) -> Any:
    """Return Spark's session at a place; `local` is Spark beside this process, on two cores."""
    from pyspark.sql import SparkSession

    here = place == "local"
    builder = SparkSession.builder.master("local[2]" if here else f"spark://{place}")
    options: dict[str, Any] = {"spark.sql.session.timeZone": "UTC", "spark.ui.enabled": "false"}
    if here:  # it listens, so on this computer alone
        options |= dict.fromkeys(("spark.driver.host", "spark.driver.bindAddress"), "127.0.0.1")
    return builder.appName("brandswipe").config(map=options).getOrCreate()


def _bigquery(ibis: Any, where: SplitResult) -> Any:
    return ibis.bigquery.connect(project_id=where.netloc, dataset_id=where.path.strip("/"))


_ENGINES: dict[str, tuple[Dialect, Connect]] = {
    "postgres": (POSTGRES, _postgres),
    "spark": (SPARK, _spark),
    "bigquery": (BIGQUERY, _bigquery),
}


@contextmanager
def _said(where: SplitResult) -> Iterator[None]:
    """Turn whatever a driver raises, each its own, into a sentence without the password."""
    try:
        yield
    except (BadInputError, KeyboardInterrupt):
        raise
    except Exception as error:  # drivers share no class of errors
        first = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise BadInputError(
            f"The warehouse at {where.hostname} broke off: {first}. Nothing was kept; run it again."
        ) from error


def _stream(con: Any, dialect: Dialect, sql: str, file: Path, typed: Typed | None = None) -> None:
    there, batches = _spark_batches(sql) if dialect is SPARK else _batches(con, sql)
    wanted = there if typed is None else typed(there, dialect.name)
    with pq.ParquetWriter(file, wanted) as out:
        for batch in batches:
            out.write_table(pa.Table.from_batches([batch]).cast(wanted))


def _batches(con: Any, sql: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    reader = con.sql(sql).to_pyarrow_batches(chunk_size=_ROWS)
    return reader.schema, reader


def _spark_batches(sql: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Spark's answer one partition after another: Ibis would collect it in this process."""
    from pyspark.sql import SparkSession
    from pyspark.sql.pandas.types import to_arrow_schema

    session = SparkSession.getActiveSession()
    assert session is not None  # connect made it
    found = session.sql(sql)
    schema = to_arrow_schema(found.schema)
    rows = found.toLocalIterator()
    return schema, (
        pa.RecordBatch.from_pylist([row.asDict() for row in some], schema)
        for some in iter(lambda: list(islice(rows, _ROWS)), [])
    )


def _query(con: Any, dialect: Dialect, table: str, schema: str) -> str:
    columns = _columns(con, table)
    known = chosen(schema, columns, {}, table)
    if known is not None:
        return query(known, Source(dialect, columns), table)
    ours = [column for column in EVENT_COLUMNS if column in columns]
    if Col.CUSTOMER not in ours:
        raise BadInputError(f"The table {table} is of no known schema; name one with --schema.")
    return f"SELECT {', '.join(ours)} FROM {table}"


def _aggregation(
    con: Any,
    dialect: Dialect,
    table: str,
    schema: str,
    hidden: Collection[str],
    products: str | None,
) -> str:
    columns = _columns(con, table)
    known = chosen(schema, columns, {}, table) or OWN
    lacks = [name for name in known.needs if name not in columns]
    if lacks:
        raise BadInputError(
            f"The table {table} has no column {lacks[0]}, without which nothing can be summed up; "
            "name its schema with --schema, or make a view in our columns."
        )
    shelf = None if products is None else (products, _columns(con, products))
    return aggregation(known, Source(dialect, columns), table, hidden, shelf)


def _columns(con: Any, table: str) -> dict[str, str]:
    *prefix, name = table.split(".")
    there = con.table(name, database=tuple(prefix) or None).schema()
    return {str(c): "" if kind.is_primitive() else _kind(kind) for c, kind in there.items()}


def _kind(kind: Any) -> str:
    if kind.is_string():
        return Nested.JSON
    return Nested.NATIVE if kind.is_nested() or kind.is_json() else ""


def checked(schema: pa.Schema, engine: str) -> pa.Schema:
    """Return the types that our columns must have; BadEventsError where an engine gives others."""
    return pa.schema([(field.name, _type(field, engine)) for field in schema])


def _type(field: pa.Field, engine: str) -> pa.DataType:
    kind = field.type
    if field.name in _NUMBERS:
        wanted, fits = pa.float64(), _is_number(kind)
    elif field.name == Col.TS:
        wanted = kind if pa.types.is_timestamp(kind) else pa.int64()
        fits = pa.types.is_integer(kind) or pa.types.is_timestamp(kind)
    else:
        wanted, fits = pa.string(), pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if not fits and not pa.types.is_null(kind):
        raise BadEventsError(
            f"{engine} gives {field.name} as {kind}, not as {wanted}: cast it in a view, and "
            "name the view with --table."
        )
    return wanted


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )
