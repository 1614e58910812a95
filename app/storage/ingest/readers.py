"""Event and product files -> one DuckDB relation with canonical names and line numbers."""

import glob
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import duckdb

from app.storage.event_store.duckdb_sql import paths, quoted
from app.storage.ingest.staging import (
    BROKEN,
    LINE,
    SUFFIXES,
    BrokenLine,
    Staged,
    guarded,
    staged,
    suffix,
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
Columns = dict[str, tuple[str, str]]  # ours -> (theirs, type)
Translate = Callable[[Staged, Mapping[str, str], Path], Staged]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a set of files became: a view in the connection."""

    columns: frozenset[str]  # ours
    theirs: frozenset[str]
    files: tuple[Path, ...]  # by the number in the view's column of files
    broken: tuple[BrokenLine, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The files a path stands for."""

    events: tuple[Path, ...]
    products: tuple[Path, ...]
    shop: Path | None  # folder of a planted shop


def find(where: str) -> Found:
    """Return the event and product files that a file, folder or glob stands for."""
    path = Path(where)
    if path.is_dir():
        return _in_folder(path)
    files = [path] if path.is_file() else [Path(name) for name in sorted(glob.glob(where))]
    if not files:
        raise BadEventsError(f"There is no file, folder or glob {where}; check the path.")
    return Found(tuple(files), (), None)


def _in_folder(folder: Path) -> Found:
    files = [f for f in sorted(folder.iterdir()) if f.is_file() and suffix(f) in SUFFIXES]
    named = [f for f in files if f.name.startswith("events")]
    products = tuple(f for f in files if f.name.startswith("products"))
    other = [f for f in files if f not in products and not f.name.startswith(("truth", "brands"))]
    if not other:
        raise BadEventsError(f"The folder {folder} holds no CSV, JSONL or Parquet file of events.")
    shop = folder if (folder / "shop.json").is_file() else None
    return Found(tuple(named or other), products, shop)


def load(
    con: duckdb.DuckDBPyConnection,
    view: str,
    files: Sequence[Path],
    columns: Sequence[str],
    rename: Mapping[str, str],
    scratch: Path,
    translate: Translate | None = None,
) -> Loaded:
    """Make `view` of `files` with exactly `columns`, typed, beside file, line and raw row.

    Numbers that cannot be read are NaN, times that cannot be read are NULL, texts are trimmed.
    `translate` puts our columns in place of those of another schema.
    """
    made = [staged(con, file, scratch / f"{view}-{n}.parquet") for n, file in enumerate(files)]
    if translate is not None:
        made = [
            translate(part, _schema(con, part), scratch / f"{view}-{n}-ours.parquet")
            for n, part in enumerate(made)
        ]
    schemas = [_schema(con, part) for part in made]
    found = [_canonical(schema, columns, rename) for schema in schemas]
    parts = [
        _select(run[0], [made[n] for n in run], columns, found[run[0]], schemas[run[0]])
        for run in _runs(schemas)
    ]
    con.execute(f"CREATE VIEW {view} AS " + " UNION ALL ".join(parts or [_nothing(columns)]))
    broken = tuple(line for part in made for line in part.broken)
    notes = tuple(
        f"{part.file.name} stops within a line; check that it is whole."
        for part in made
        if part.cut
    )
    ours, theirs = _union(found), _union(schemas)
    return Loaded(ours, theirs, tuple(files), broken, notes)


def _runs(schemas: Sequence[Mapping[str, str]]) -> list[list[int]]:
    """Return the numbers of files in runs of one schema: DuckDB works on all of a run at a time.

    As parts of a UNION they would all be open at once, each with memory of its own.
    """
    alike = groupby(range(len(schemas)), key=lambda n: tuple(schemas[n].items()))
    return [list(run) for _, run in alike]


def _union(names: Iterable[Iterable[str]]) -> frozenset[str]:
    return frozenset(name for some in names for name in some)


def check_rename(rename: Mapping[str, str]) -> None:
    """Raise UnknownNameError where a column is renamed to what we do not know."""
    for ours in rename.values():
        if ours not in EVENT_COLUMNS + PRODUCT_COLUMNS:
            raise UnknownNameError("column", ours, {*EVENT_COLUMNS, *PRODUCT_COLUMNS})


def _schema(con: duckdb.DuckDBPyConnection, part: Staged) -> dict[str, str]:
    sql = f"DESCRIBE FROM read_parquet({paths([part.readable])})"
    return {row[0]: row[1] for row in guarded(part.file, lambda: con.execute(sql).fetchall())}


def _canonical(
    schema: Mapping[str, str], columns: Sequence[str], rename: Mapping[str, str]
) -> Columns:
    """Return where each of our columns is; a renamed one goes before one of the same name."""
    plain = {name.strip().lower(): (name, kind) for name, kind in schema.items()}
    found = {ours: plain[ours] for ours in columns if ours in plain}
    kept = {ours: where for ours, where in found.items() if where[0] not in rename}
    named = {ours: (t, schema[t]) for t, ours in rename.items() if t in schema and ours in columns}
    return kept | named


def _select(
    first: int,
    parts: Sequence[Staged],
    columns: Sequence[str],
    names: Columns,
    schema: Mapping[str, str],
) -> str:
    picks = ", ".join(f"{_typed(ours, names)} AS {ours}" for ours in columns)
    line = LINE if LINE in schema else "file_row_number + 1"
    rows = f"WHERE NOT {BROKEN}" if BROKEN in schema else ""
    return (
        f"SELECT {picks}, {_zoneless(names)} AS {ZONELESS}, to_json(source) AS {RAW}, "
        f"{first} + file_index AS {FILE}, {line} AS {LINE} "
        f"FROM read_parquet({paths(part.readable for part in parts)}, file_row_number=true) "
        f"source {rows}"
    )


def _nothing(columns: Sequence[str]) -> str:
    picks = ", ".join(f"{_typed(ours, {})} AS {ours}" for ours in columns)
    return f"SELECT {picks}, false AS {ZONELESS}, '' AS {RAW}, 0 AS {FILE}, 0 AS {LINE} WHERE false"


def _typed(ours: str, names: Columns) -> str:
    if ours not in names:
        return f"CAST(NULL AS {_type(ours)})"
    theirs, kind = quoted(names[ours][0]), names[ours][1]
    if ours in _NUMBERS:
        return _number(theirs, kind)
    if ours in _TIMES:
        return _seconds(theirs, kind)
    if ours in _FLAGS:
        return f"lower(trim(CAST({theirs} AS VARCHAR))) IN ('true', '1', '1.0', 'yes', 'ja', 't')"
    return _text(theirs, kind)


def _type(ours: str) -> str:
    if ours in _NUMBERS:
        return "DOUBLE"
    return "BIGINT" if ours in _TIMES else "BOOLEAN" if ours in _FLAGS else "VARCHAR"


def _number(name: str, kind: str) -> str:
    if kind != "VARCHAR":
        return f"CAST({name} AS DOUBLE)"
    return (
        f"CASE WHEN trim({name}) <> '' "
        f"THEN coalesce(TRY_CAST(trim({name}) AS DOUBLE), CAST('nan' AS DOUBLE)) END"
    )


def _text(name: str, kind: str) -> str:
    """Whole numbers that pandas made floating lose their `.0`."""
    if kind in ("DOUBLE", "FLOAT"):
        whole = f"CAST(TRY_CAST({name} AS HUGEINT) AS VARCHAR)"
        return f"CASE WHEN {name} = floor({name}) THEN {whole} ELSE CAST({name} AS VARCHAR) END"
    return f"nullif(trim(CAST({name} AS VARCHAR)), '')"


_SCALED = """CASE WHEN {x} >= 1e17 THEN {x} / 1e9 WHEN {x} >= 1e14 THEN {x} / 1e6
WHEN {x} >= 1e11 THEN {x} / 1e3 ELSE {x} END"""


def _seconds(name: str, kind: str) -> str:
    """Seconds since 1970; whole numbers may count milli-, micro- or nanoseconds as well."""
    if kind.startswith(("TIMESTAMP", "DATE")):
        return f"CAST(floor(epoch({name})) AS BIGINT)"
    counted = _SCALED.format(x=f"TRY_CAST({name} AS DOUBLE)")
    if kind != "VARCHAR":
        return f"CAST(floor({counted}) AS BIGINT)"
    written = f"epoch(TRY_CAST(trim({name}) AS TIMESTAMPTZ))"
    return f"TRY_CAST(floor(coalesce({written}, {counted})) AS BIGINT)"


_ZONE = r"':\d\d([.]\d+)?\s*([zZ]|UTC|[+-]\d\d(:?\d\d)?)$'"


def _zoneless(names: Columns) -> str:
    if Col.TS not in names:
        return "false"
    name, kind = quoted(names[Col.TS][0]), names[Col.TS][1]
    if kind != "VARCHAR":
        return "false" if "ZONE" in kind or not kind.startswith(("TIMESTAMP", "DATE")) else "true"
    zoned = f"regexp_matches({name}, {_ZONE})"
    return f"({name} IS NOT NULL AND NOT {zoned} AND TRY_CAST({name} AS DOUBLE) IS NULL)"
