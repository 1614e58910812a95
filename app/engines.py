"""A warehouse of the shop's own does the heavy part: a schema's query runs there, through Ibis.

What comes back is streamed into one Parquet file in our columns, which the import then reads. A
warehouse that breaks off leaves nothing behind. The packages are the extra `engines`.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from app.importing.schemas.dialects import BIGQUERY, POSTGRES, SPARK, Dialect
from app.importing.schemas.known import chosen
from app.importing.schemas.source import Nested, Source, query
from recsys.errors import BadEventsError, BadInputError
from recsys.events import EVENT_COLUMNS, Col

Connect = Callable[[Any, SplitResult], Any]
_ADDRESSES = "postgres://USER@HOST/DATABASE, spark://HOST, bigquery://PROJECT/DATASET"
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
        raise BadInputError("Which table of the warehouse? Name it with --table.")
    folder = workspace / "fetched"
    shutil.rmtree(folder, ignore_errors=True)  # of a crash
    folder.mkdir(mode=0o700, parents=True)
    try:
        with _said(where):
            con = connect(_ibis(), where)
            file = folder / f"{table.split('.')[-1]}.parquet"
            _stream(con, dialect, table, schema, file)
        yield file
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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


def _stream(con: Any, dialect: Dialect, table: str, schema: str, file: Path) -> None:
    reader = con.sql(_query(con, dialect, table, schema)).to_pyarrow_batches(chunk_size=_ROWS)
    wanted = checked(reader.schema, dialect.name)
    with pq.ParquetWriter(file, wanted) as out:
        for batch in reader:
            out.write_table(pa.Table.from_batches([batch]).cast(wanted))


def _query(con: Any, dialect: Dialect, table: str, schema: str) -> str:
    *prefix, name = table.split(".")
    there = con.table(name, database=tuple(prefix) or None).schema()
    columns = {str(c): "" if kind.is_primitive() else _kind(kind) for c, kind in there.items()}
    known = chosen(schema, columns, {}, table)
    if known is not None:
        return query(known, Source(dialect, columns), table)
    ours = [column for column in EVENT_COLUMNS if column in columns]
    if Col.CUSTOMER not in ours:
        raise BadInputError(f"The table {table} is of no known schema; name one with --schema.")
    return f"SELECT {', '.join(ours)} FROM {table}"


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
