"""Loads event or product files as one DuckDB view with canonical column names and line numbers."""

import glob
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import duckdb

from app.storage.event_store.duckdb_sql import sql_identifier, sql_path_list
from app.storage.ingest.staging import (
    BROKEN,
    LINE,
    SUFFIXES,
    BrokenLine,
    StagedFile,
    explain_unreadable,
    file_suffix,
    stage_file,
)
from recsys.dataset.events import EVENT_COLUMNS, Col, ProductCol
from recsys.errors import BadEventsError, UnknownNameError

PRODUCT_COLUMNS = (
    Col.PRODUCT,
    ProductCol.TITLE,
    Col.BRAND,
    Col.CATEGORY,
    Col.PRICE,
    Col.LIST_PRICE,
    ProductCol.RELEASED,
    ProductCol.FEATURED,
    ProductCol.SENSITIVE,
)
_NUMBERS = frozenset({Col.PRICE, Col.LIST_PRICE, Col.QUANTITY})
_TIMES = frozenset({Col.TS, ProductCol.RELEASED})
_FLAGS = frozenset({ProductCol.FEATURED, ProductCol.SENSITIVE})
FILE, ZONELESS, RAW = "_file", "_zoneless", "_raw"
ColumnSources = dict[str, tuple[str, str]]  # our column -> (source column, its SQL type)
MapColumns = Callable[[StagedFile, Mapping[str, str], Path], StagedFile]


@dataclass(frozen=True, slots=True)
class LoadedFiles:
    """Facts about a set of files that was loaded as a view of the connection."""

    columns: frozenset[str]  # those of our columns that the files have
    source_columns: frozenset[str]
    files: tuple[Path, ...]  # index: the number in the view's column FILE
    broken: tuple[BrokenLine, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InputFiles:
    """The input files found at a path."""

    events: tuple[Path, ...]
    products: tuple[Path, ...]
    shop: Path | None  # folder of a planted shop, or None


def find_files(location: str) -> InputFiles:
    """Return the event and product files at a path: a file, a folder or a glob.

    Raises BadEventsError if there is none.
    """
    path = Path(location)
    if path.is_dir():
        return _find_in_folder(path)
    files = [path] if path.is_file() else [Path(name) for name in sorted(glob.glob(location))]
    if not files:
        raise BadEventsError(f"There is no file, folder or glob {location}; check the path.")
    return InputFiles(tuple(files), (), None)


def _find_in_folder(folder: Path) -> InputFiles:
    files = [f for f in sorted(folder.iterdir()) if f.is_file() and file_suffix(f) in SUFFIXES]
    event_files = [f for f in files if f.name.startswith("events")]
    products = tuple(f for f in files if f.name.startswith("products"))
    candidates = [
        f for f in files if f not in products and not f.name.startswith(("truth", "brands"))
    ]
    if not candidates:
        raise BadEventsError(f"The folder {folder} holds no CSV, JSONL or Parquet file of events.")
    shop = folder if (folder / "shop.json").is_file() else None
    return InputFiles(tuple(event_files or candidates), products, shop)


def load_files(
    con: duckdb.DuckDBPyConnection,
    view: str,
    files: Sequence[Path],
    columns: Sequence[str],
    rename: Mapping[str, str],
    scratch: Path,
    map_columns: MapColumns | None = None,
) -> LoadedFiles:
    """Create `view` over `files` with exactly `columns`, typed, plus file, line and raw row.

    Unreadable numbers become NaN, unreadable times NULL; texts are trimmed. `rename` maps source
    columns to ours. `map_columns` replaces the columns of another schema by ours.
    """
    staged_files = [
        stage_file(con, file, scratch / f"{view}-{n}.parquet") for n, file in enumerate(files)
    ]
    if map_columns is not None:
        staged_files = [
            map_columns(part, _parquet_types(con, part), scratch / f"{view}-{n}-ours.parquet")
            for n, part in enumerate(staged_files)
        ]
    schemas = [_parquet_types(con, part) for part in staged_files]
    sources = [_column_sources(schema, columns, rename) for schema in schemas]
    parts = [
        _select_sql(
            run[0], [staged_files[n] for n in run], columns, sources[run[0]], schemas[run[0]]
        )
        for run in _schema_runs(schemas)
    ]
    con.execute(
        f"CREATE VIEW {view} AS " + " UNION ALL ".join(parts or [_empty_select_sql(columns)])
    )
    broken = tuple(line for part in staged_files for line in part.broken)
    notes = tuple(
        f"{part.file.name} stops within a line; check that it is whole."
        for part in staged_files
        if part.is_truncated
    )
    known_columns, source_columns = _union(sources), _union(schemas)
    return LoadedFiles(known_columns, source_columns, tuple(files), broken, notes)


def _schema_runs(schemas: Sequence[Mapping[str, str]]) -> list[list[int]]:
    """Group consecutive files with equal schemas; return one list of file indices per group.

    DuckDB reads a group in one scan. As parts of a UNION all files would be open at once, each
    with its own memory.
    """
    groups = groupby(range(len(schemas)), key=lambda n: tuple(schemas[n].items()))
    return [list(run) for _, run in groups]


def _union(names: Iterable[Iterable[str]]) -> frozenset[str]:
    return frozenset(name for some in names for name in some)


def check_rename(rename: Mapping[str, str]) -> None:
    """Raise UnknownNameError if a column is renamed to a name that is none of our columns."""
    for column in rename.values():
        if column not in EVENT_COLUMNS + PRODUCT_COLUMNS:
            raise UnknownNameError("column", column, {*EVENT_COLUMNS, *PRODUCT_COLUMNS})


def _parquet_types(con: duckdb.DuckDBPyConnection, staged_file: StagedFile) -> dict[str, str]:
    sql = f"DESCRIBE FROM read_parquet({sql_path_list([staged_file.readable])})"
    return {
        row[0]: row[1]
        for row in explain_unreadable(staged_file.file, lambda: con.execute(sql).fetchall())
    }


def _column_sources(
    schema: Mapping[str, str], columns: Sequence[str], rename: Mapping[str, str]
) -> ColumnSources:
    """Return the source of each of our columns; `rename` wins over a column of the same name."""
    by_name = {name.strip().lower(): (name, kind) for name, kind in schema.items()}
    matching = {ours: by_name[ours] for ours in columns if ours in by_name}
    unrenamed = {ours: where for ours, where in matching.items() if where[0] not in rename}
    renamed = {
        ours: (t, schema[t]) for t, ours in rename.items() if t in schema and ours in columns
    }
    return unrenamed | renamed


def _select_sql(
    first: int,
    parts: Sequence[StagedFile],
    columns: Sequence[str],
    sources: ColumnSources,
    schema: Mapping[str, str],
) -> str:
    picks = ", ".join(f"{_column_sql(ours, sources)} AS {ours}" for ours in columns)
    line = LINE if LINE in schema else "file_row_number + 1"
    rows = f"WHERE NOT {BROKEN}" if BROKEN in schema else ""
    return (
        f"SELECT {picks}, {_zoneless_sql(sources)} AS {ZONELESS}, to_json(source) AS {RAW}, "
        f"{first} + file_index AS {FILE}, {line} AS {LINE} "
        f"FROM read_parquet({sql_path_list(part.readable for part in parts)}, "
        "file_row_number=true) "
        f"source {rows}"
    )


def _empty_select_sql(columns: Sequence[str]) -> str:
    picks = ", ".join(f"{_column_sql(ours, {})} AS {ours}" for ours in columns)
    return f"SELECT {picks}, false AS {ZONELESS}, '' AS {RAW}, 0 AS {FILE}, 0 AS {LINE} WHERE false"


def _column_sql(column: str, sources: ColumnSources) -> str:
    if column not in sources:
        return f"CAST(NULL AS {_sql_type(column)})"
    identifier, kind = sql_identifier(sources[column][0]), sources[column][1]
    if column in _NUMBERS:
        return _number_sql(identifier, kind)
    if column in _TIMES:
        return _seconds_sql(identifier, kind)
    if column in _FLAGS:
        return (
            f"lower(trim(CAST({identifier} AS VARCHAR))) IN ('true', '1', '1.0', 'yes', 'ja', 't')"
        )
    return _text_sql(identifier, kind)


def _sql_type(column: str) -> str:
    if column in _NUMBERS:
        return "DOUBLE"
    return "BIGINT" if column in _TIMES else "BOOLEAN" if column in _FLAGS else "VARCHAR"


def _number_sql(name: str, kind: str) -> str:
    if kind != "VARCHAR":
        return f"CAST({name} AS DOUBLE)"
    return (
        f"CASE WHEN trim({name}) <> '' "
        f"THEN coalesce(TRY_CAST(trim({name}) AS DOUBLE), CAST('nan' AS DOUBLE)) END"
    )


def _text_sql(name: str, kind: str) -> str:
    """Return SQL for a column as text; integers that pandas stored as floats lose their `.0`."""
    if kind in ("DOUBLE", "FLOAT"):
        integer = f"CAST(TRY_CAST({name} AS HUGEINT) AS VARCHAR)"
        return f"CASE WHEN {name} = floor({name}) THEN {integer} ELSE CAST({name} AS VARCHAR) END"
    return f"nullif(trim(CAST({name} AS VARCHAR)), '')"


_SCALED = """CASE WHEN {x} >= 1e17 THEN {x} / 1e9 WHEN {x} >= 1e14 THEN {x} / 1e6
WHEN {x} >= 1e11 THEN {x} / 1e3 ELSE {x} END"""


def _seconds_sql(name: str, kind: str) -> str:
    """Return SQL for seconds since 1970; numbers may also be milli-, micro- or nanoseconds."""
    if kind.startswith(("TIMESTAMP", "DATE")):
        return f"CAST(floor(epoch({name})) AS BIGINT)"
    numeric = _SCALED.format(x=f"TRY_CAST({name} AS DOUBLE)")
    if kind != "VARCHAR":
        return f"CAST(floor({numeric}) AS BIGINT)"
    parsed = f"epoch(TRY_CAST(trim({name}) AS TIMESTAMPTZ))"
    return f"TRY_CAST(floor(coalesce({parsed}, {numeric})) AS BIGINT)"


_ZONE = r"':\d\d([.]\d+)?\s*([zZ]|UTC|[+-]\d\d(:?\d\d)?)$'"


def _zoneless_sql(sources: ColumnSources) -> str:
    if Col.TS not in sources:
        return "false"
    name, kind = sql_identifier(sources[Col.TS][0]), sources[Col.TS][1]
    if kind != "VARCHAR":
        return "false" if "ZONE" in kind or not kind.startswith(("TIMESTAMP", "DATE")) else "true"
    zoned = f"regexp_matches({name}, {_ZONE})"
    return f"({name} IS NOT NULL AND NOT {zoned} AND TRY_CAST({name} AS DOUBLE) IS NULL)"
