"""One event or product file of any format -> a Parquet file that DuckDB reads twice for free."""

import csv
import gzip
import io
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import duckdb

from app.storage.event_store.duckdb_sql import literal, paths, quoted
from recsys.errors import BadEventsError

_RATINGS = ("userId", "movieId", "rating", "timestamp")
_FILMS = ("movieId", "title", "genres")
_GENRES = (
    "(no genres listed)", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime",
    "Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance",
    "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bare:
    """A file without a first line of names."""

    delimiter: str
    there: tuple[str, ...]  # what its columns are
    named: tuple[str, ...]  # what is made of them
    encoding: str = "utf-8"

    @property
    def picks(self) -> str:
        """SQL for the columns that are made of those that are there."""
        if self.there == self.named:
            return "*"
        genres = ", ".join(
            f"""CASE "{name}" WHEN '1' THEN '{_plain(name)}' END""" for name in _GENRES
        )
        return f"movieId, title, concat_ws('|', {genres}) AS genres"


def _plain(name: str) -> str:
    return name.replace("'", "''")


BARE: Mapping[str, Bare] = {
    "ratings.dat": Bare("::", _RATINGS, _RATINGS),
    "movies.dat": Bare("::", _FILMS, _FILMS, "latin-1"),
    "u.data": Bare("\t", _RATINGS, _RATINGS),
    "u.item": Bare(
        "|", ("movieId", "title", "released", "video", "address", *_GENRES), _FILMS, "latin-1"
    ),
}


def bare(file: Path) -> Bare | None:
    """Return how such a file is read; None for one that names its columns."""
    return BARE.get(file.name.lower())


T = TypeVar("T")

SUFFIXES = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".jsonl.gz": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    **dict.fromkeys(BARE, "csv"),
}
LINE, BROKEN = "_line", "_broken"


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that is not a row."""

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Staged:
    """A file made readable: its rows in Parquet, and the lines that are none."""

    file: Path
    readable: Path
    broken: tuple[BrokenLine, ...] = ()
    cut: bool = False  # a text whose last line has no end


def suffix(file: Path) -> str:
    """Return the known ending of a file's name, or nothing."""
    name = file.name.lower()
    return next((s for s in sorted(SUFFIXES, key=len, reverse=True) if name.endswith(s)), "")


def staged(con: duckdb.DuckDBPyConnection, file: Path, stage: Path) -> Staged:
    """Return Parquet with the rows of `file`: itself, or `stage` with texts and line numbers."""
    kind = SUFFIXES.get(suffix(file))
    if kind is None:
        known = ", ".join(SUFFIXES)
        raise BadEventsError(f"{file.name} is of no known format; its name must end in {known}.")
    if file.stat().st_size == 0:
        raise BadEventsError(f"{file.name} is empty; export it again.")
    if kind == "parquet":
        return Staged(file, file)
    stager = _stage_csv if kind == "csv" else _stage_jsonl
    broken = tuple(guarded(file, lambda: stager(con, file, stage)))
    return Staged(file, stage, broken, _cut(file))


def _cut(file: Path) -> bool:
    with file.open("rb") as raw:
        raw.seek(-1, os.SEEK_END)
        return suffix(file)[-3:] != ".gz" and raw.read(1) not in b"\r\n"


def guarded(file: Path, work: Callable[[], T]) -> T:
    """Return what `work` does; an unreadable file becomes a sentence."""
    try:
        return work()
    except (duckdb.Error, UnicodeDecodeError, EOFError, gzip.BadGzipFile, csv.Error) as error:
        if isinstance(error, duckdb.OutOfMemoryException) or "No space left" in str(error):
            raise
        raise BadEventsError(
            f"{file.name} cannot be read: it is damaged, cut short or not what its name says. "
            f"Export it again."
        ) from error


def _stage_csv(con: duckdb.DuckDBPyConnection, file: Path, stage: Path) -> list[BrokenLine]:
    delimiter, names = header(file)
    picks, how = "*", """header=true, quote='"', escape='"'"""
    if (without := bare(file)) is not None:
        names, picks = list(without.there), without.picks
        how = f"header=false, quote='', escape='', encoding={literal(without.encoding)}"
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    con.execute(
        f"""COPY (SELECT {picks}, row_number() OVER () AS {LINE} FROM read_csv({paths([file])},
        auto_detect=false, delim={literal(delimiter)}, {how},
        columns={{{columns}}}, store_rejects=true, rejects_limit=0, max_line_size=16777216,
        rejects_table='csv_errors', rejects_scan='csv_scans'))
        TO {literal(str(stage))} (FORMAT parquet)"""
    )
    found = con.execute(
        "SELECT line, any_value(coalesce(csv_line, '')) FROM csv_errors GROUP BY line ORDER BY line"
    ).fetchall()
    con.execute("DROP TABLE csv_errors; DROP TABLE csv_scans")
    return [BrokenLine(file.name, line, text) for line, text in found]


def _opened(file: Path) -> io.BufferedIOBase:
    opener: Callable[[Path, str], io.BufferedIOBase] = (
        gzip.open if file.name.lower().endswith(".gz") else open  # type: ignore[assignment]
    )
    return opener(file, "rb")


def lines_of(file: Path) -> Iterator[bytes]:
    """Yield the lines of a text file, packed or not."""
    with _opened(file) as raw:
        yield from raw


def header(file: Path) -> tuple[str, list[str]]:
    """Return what stands between the columns of a CSV file, and their names."""
    if (without := bare(file)) is not None:
        return without.delimiter, list(without.named)
    with _opened(file) as raw:
        line = raw.readline(1 << 20).decode("utf-8-sig").rstrip("\r\n")
    delimiter = max(",;\t|", key=line.count)
    header = next(csv.reader([line], delimiter=delimiter), [])
    if len(set(header)) < len(header) or "\0" in line or not all(header):
        raise BadEventsError(f"{file.name} has no usable first line with the names of its columns.")
    return delimiter, header


def _stage_jsonl(con: duckdb.DuckDBPyConnection, file: Path, stage: Path) -> list[BrokenLine]:
    lines = f"read_json_objects({paths([file])}, format='newline_delimited', ignore_errors=true)"
    keys = con.execute(
        f"SELECT DISTINCT unnest(json_keys(json)) FROM {lines} WHERE json_type(json) = 'OBJECT'"
    ).fetchall()
    if not keys:
        raise BadEventsError(f"{file.name} holds no line with a JSON object; export it again.")
    picks = ", ".join(f"json->>{literal(_pointer(k))} AS {quoted(k)}" for (k,) in sorted(keys))
    con.execute(
        f"""COPY (SELECT {picks}, row_number() OVER () AS {LINE},
        coalesce(json_type(json) <> 'OBJECT', true) AS {BROKEN} FROM {lines})
        TO {literal(str(stage))} (FORMAT parquet)"""
    )
    bad = con.execute(
        f"SELECT {LINE} FROM read_parquet({paths([stage])}) WHERE {BROKEN} ORDER BY 1"
    )
    return [BrokenLine(file.name, line, "") for (line,) in bad.fetchall()]


def _pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")
