"""Converts a CSV or JSONL file to Parquet, so that DuckDB parses its text only once."""

import csv
import gzip
import io
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import duckdb

from app.storage.event_store.duckdb_sql import sql_identifier, sql_literal, sql_path_list
from recsys.errors import BadEventsError

_RATINGS = ("userId", "movieId", "rating", "timestamp")
_MOVIES = ("movieId", "title", "genres")
_GENRES = (
    "(no genres listed)", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime",
    "Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance",
    "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class HeaderlessFormat:
    """Format of a delimited file without a header line."""

    delimiter: str
    columns: tuple[str, ...]  # in the file, in order
    output_columns: tuple[str, ...]  # after staging
    encoding: str = "utf-8"

    @property
    def select_sql(self) -> str:
        """SQL that selects `output_columns` from `columns`; it joins the genre flags of u.item."""
        if self.columns == self.output_columns:
            return "*"
        genres = ", ".join(
            f"""CASE "{name}" WHEN '1' THEN '{_escape_quotes(name)}' END""" for name in _GENRES
        )
        return f"movieId, title, concat_ws('|', {genres}) AS genres"


def _escape_quotes(name: str) -> str:
    return name.replace("'", "''")


HEADERLESS_FORMATS: Mapping[str, HeaderlessFormat] = {
    "ratings.dat": HeaderlessFormat("::", _RATINGS, _RATINGS),
    "movies.dat": HeaderlessFormat("::", _MOVIES, _MOVIES, "latin-1"),
    "u.data": HeaderlessFormat("\t", _RATINGS, _RATINGS),
    "u.item": HeaderlessFormat(
        "|", ("movieId", "title", "released", "video", "address", *_GENRES), _MOVIES, "latin-1"
    ),
}


def headerless_format(file: Path) -> HeaderlessFormat | None:
    """Return the format of a file known to have no header; None for any other file."""
    return HEADERLESS_FORMATS.get(file.name.lower())


T = TypeVar("T")

SUFFIXES = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".jsonl.gz": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    **dict.fromkeys(HEADERLESS_FORMATS, "csv"),
}
LINE, BROKEN = "_line", "_broken"


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that cannot be parsed as a row."""

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class StagedFile:
    """An input file, its rows as Parquet (`readable`), and its lines that are not rows."""

    file: Path
    readable: Path
    broken: tuple[BrokenLine, ...] = ()
    is_truncated: bool = False  # a text file that ends without a line break


def file_suffix(file: Path) -> str:
    """Return the longest suffix in SUFFIXES that the file name has, or ''."""
    name = file.name.lower()
    return next((s for s in sorted(SUFFIXES, key=len, reverse=True) if name.endswith(s)), "")


def stage_file(con: duckdb.DuckDBPyConnection, file: Path, target: Path) -> StagedFile:
    """Return `file` staged as Parquet: a Parquet file as it is, any other written to `target`.

    `target` holds all columns as text, plus line numbers. Raises BadEventsError if the suffix is
    unknown, or the file is empty or unreadable.
    """
    kind = SUFFIXES.get(file_suffix(file))
    if kind is None:
        suffixes = ", ".join(SUFFIXES)
        raise BadEventsError(f"{file.name} is of no known format; its name must end in {suffixes}.")
    if file.stat().st_size == 0:
        raise BadEventsError(f"{file.name} is empty; export it again.")
    if kind == "parquet":
        return StagedFile(file, file)
    stager = _stage_csv if kind == "csv" else _stage_jsonl
    broken = tuple(explain_unreadable(file, lambda: stager(con, file, target)))
    return StagedFile(file, target, broken, _is_truncated(file))


def _is_truncated(file: Path) -> bool:
    with file.open("rb") as raw:
        raw.seek(-1, os.SEEK_END)
        return file_suffix(file)[-3:] != ".gz" and raw.read(1) not in b"\r\n"


def explain_unreadable(file: Path, action: Callable[[], T]) -> T:
    """Return `action()`; raise BadEventsError with a sentence if the file is unreadable."""
    try:
        return action()
    except (duckdb.Error, UnicodeDecodeError, EOFError, gzip.BadGzipFile, csv.Error) as error:
        if isinstance(error, duckdb.OutOfMemoryException) or "No space left" in str(error):
            raise
        raise BadEventsError(
            f"{file.name} cannot be read: it is damaged, cut short or not what its name says. "
            f"Export it again."
        ) from error


def _stage_csv(con: duckdb.DuckDBPyConnection, file: Path, target: Path) -> list[BrokenLine]:
    delimiter, names = read_header(file)
    picks, options = "*", """header=true, quote='"', escape='"'"""
    if (headerless := headerless_format(file)) is not None:
        names, picks = list(headerless.columns), headerless.select_sql
        options = f"header=false, quote='', escape='', encoding={sql_literal(headerless.encoding)}"
    columns = ", ".join(f"{sql_literal(name)}: 'VARCHAR'" for name in names)
    source = sql_path_list([file])
    con.execute(
        f"""COPY (SELECT {picks}, row_number() OVER () AS {LINE} FROM read_csv({source},
        auto_detect=false, delim={sql_literal(delimiter)}, {options},
        columns={{{columns}}}, store_rejects=true, rejects_limit=0, max_line_size=16777216,
        rejects_table='csv_errors', rejects_scan='csv_scans'))
        TO {sql_literal(str(target))} (FORMAT parquet)"""
    )
    bad_lines = con.execute(
        "SELECT line, any_value(coalesce(csv_line, '')) FROM csv_errors GROUP BY line ORDER BY line"
    ).fetchall()
    con.execute("DROP TABLE csv_errors; DROP TABLE csv_scans")
    return [BrokenLine(file.name, line, text) for line, text in bad_lines]


def _open_binary(file: Path) -> io.BufferedIOBase:
    opener: Callable[[Path, str], io.BufferedIOBase] = (
        gzip.open if file.name.lower().endswith(".gz") else open  # type: ignore[assignment]
    )
    return opener(file, "rb")


def read_lines(file: Path) -> Iterator[bytes]:
    """Yield the lines of a text file, gzipped or not."""
    with _open_binary(file) as raw:
        yield from raw


def read_header(file: Path) -> tuple[str, list[str]]:
    """Return a CSV file's delimiter and column names; BadEventsError if the header is bad."""
    if (headerless := headerless_format(file)) is not None:
        return headerless.delimiter, list(headerless.output_columns)
    with _open_binary(file) as raw:
        line = raw.readline(1 << 20).decode("utf-8-sig").rstrip("\r\n")
    delimiter = max(",;\t|", key=line.count)
    columns = next(csv.reader([line], delimiter=delimiter), [])
    if len(set(columns)) < len(columns) or "\0" in line or not all(columns):
        raise BadEventsError(f"{file.name} has no usable first line with the names of its columns.")
    return delimiter, columns


def _stage_jsonl(con: duckdb.DuckDBPyConnection, file: Path, target: Path) -> list[BrokenLine]:
    lines = (
        f"read_json_objects({sql_path_list([file])}, format='newline_delimited', "
        "ignore_errors=true)"
    )
    keys = con.execute(
        f"SELECT DISTINCT unnest(json_keys(json)) FROM {lines} WHERE json_type(json) = 'OBJECT'"
    ).fetchall()
    if not keys:
        raise BadEventsError(f"{file.name} holds no line with a JSON object; export it again.")
    picks = ", ".join(
        f"json->>{sql_literal(_json_pointer(k))} AS {sql_identifier(k)}" for (k,) in sorted(keys)
    )
    con.execute(
        f"""COPY (SELECT {picks}, row_number() OVER () AS {LINE},
        coalesce(json_type(json) <> 'OBJECT', true) AS {BROKEN} FROM {lines})
        TO {sql_literal(str(target))} (FORMAT parquet)"""
    )
    bad_lines = con.execute(
        f"SELECT {LINE} FROM read_parquet({sql_path_list([target])}) WHERE {BROKEN} ORDER BY 1"
    )
    return [BrokenLine(file.name, line, "") for (line,) in bad_lines.fetchall()]


def _json_pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")
