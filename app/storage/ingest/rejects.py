"""Writes the rows that an import could not use to a CSV file, so that a user can repair them."""

import csv
from collections.abc import Sequence
from pathlib import Path

import duckdb

from app.storage.ingest.readers import FILE, RAW, LoadedFiles
from app.storage.ingest.staging import LINE, SUFFIXES, file_suffix
from app.storage.ingest.validation import NOT_A_ROW, ValidationResult

MAX_REJECTS = 100_000
MIN_EXAMPLES = 5

Reject = tuple[str, int, str, str]  # file, line, reason, row


def write_rejects(
    con: duckdb.DuckDBPyConnection,
    loaded: LoadedFiles,
    validation: ValidationResult,
    workspace: Path,
    source: str,
    hide_rows: bool = False,
) -> tuple[Path | None, list[str]]:
    """Write the bad rows to the workspace; return the file and a few examples as sentences.

    `source` is the hash that names the file. With `hide_rows` (ids are hashed or a customer was
    erased) only file, line and reason are written, not the row. Returns (None, []) if no row is
    bad.
    """
    if not validation.bad:
        return None, []
    rejects = sorted(_bad_rows(con, loaded) + _broken_lines(loaded))
    if hide_rows:
        rejects = [(file, line, reason, "") for file, line, reason, _ in rejects]
    folder = workspace / "rejects"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{source[:16]}.csv"
    with file.open("w", newline="", encoding="utf-8", errors="replace") as out:
        writer = csv.writer(out)
        writer.writerow(("file", "line", "reason", "row"))
        writer.writerows(rejects)
    return file, _examples(rejects)


def _examples(rejects: Sequence[Reject]) -> list[str]:
    """Return the first row of each reason, filled up with others to MIN_EXAMPLES."""
    firsts = {reject[2]: reject for reject in reversed(rejects)}
    chosen = sorted({*firsts.values(), *rejects[:MIN_EXAMPLES]})[: max(MIN_EXAMPLES, len(firsts))]
    return [f"{file} line {line}: {reason}" for file, line, reason, _ in chosen]


def _broken_lines(loaded: LoadedFiles) -> list[Reject]:
    return [(b.file, b.line, NOT_A_ROW, b.text) for b in loaded.broken[:MAX_REJECTS]]


def _bad_rows(con: duckdb.DuckDBPyConnection, loaded: LoadedFiles) -> list[Reject]:
    rows = con.execute(
        f"""SELECT {FILE}, {LINE}, reason, {RAW}::VARCHAR FROM judged WHERE reason IS NOT NULL
        ORDER BY 1, 2 LIMIT {MAX_REJECTS}"""
    ).fetchall()
    return [
        (loaded.files[file].name, _source_line(loaded, loaded.files[file], number), reason, raw)
        for file, number, reason, raw in rows
    ]


def _source_line(loaded: LoadedFiles, file: Path, number: int) -> int:
    """Return the line number of a row; in CSV the header and broken lines count too."""
    if SUFFIXES[file_suffix(file)] != "csv":
        return number
    line = number + 1
    for broken in loaded.broken:
        if broken.file == file.name and broken.line <= line:
            line += 1
    return line


def erase_from_rejects(workspace: Path, customer_id: str) -> None:
    """Delete every row that contains the customer's id from all files of rejects."""
    for file in (workspace / "rejects").glob("*.csv"):
        with file.open(newline="", encoding="utf-8") as lines:
            rows = [row for row in csv.reader(lines) if customer_id not in row[-1]]
        temp_path = file.with_suffix(".new")
        with temp_path.open("w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows(rows)
        temp_path.replace(file)
