"""Files of a published schema -> files in our columns, by the schema's own query."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from app.storage.event_store.duckdb_sql import literal, paths
from app.storage.ingest.schema_detection import is_shelf
from app.storage.ingest.staging import BROKEN, LINE, Staged
from app.storage.warehouse.schemas.base import Columns, Nested, Schema, Source, products, unfiltered
from app.storage.warehouse.schemas.dialects import DUCKDB
from recsys.dataset.events import Col


@dataclass(slots=True)
class Translator:
    """Reads every file of an import by one schema, and counts what it leaves out."""

    con: duckdb.DuckDBPyConnection
    schema: Schema
    rename: Mapping[str, str]
    left: int = 0  # source rows that say nothing of a product
    nobody: int = 0  # rows without a user
    rows: int = 0
    theirs: set[str] = field(default_factory=set)

    def events(self, part: Staged, columns: Mapping[str, str], aside: Path) -> Staged:
        """Return a staged file with our columns in place of the schema's."""
        self.theirs |= columns.keys()
        source = _source(self.schema, columns)
        line = f"e.{LINE}" if LINE in columns else "e.file_row_number + 1"
        more = {**self._renamed(source, columns), LINE: line}
        table = _table(part, columns)
        self.con.execute(
            f"CREATE OR REPLACE VIEW meant AS {unfiltered(self.schema, source, table, more)}"
        )
        self._count(table)
        kept = f"FROM meant WHERE {Col.EVENT} IS NOT NULL AND {Col.CUSTOMER} IS NOT NULL"
        self.con.execute(f"COPY ({kept}) TO {literal(str(aside))} (FORMAT parquet)")
        return Staged(part.file, aside, part.broken, part.cut)

    def products(self, part: Staged, columns: Mapping[str, str], aside: Path) -> Staged:
        """Return a staged file of products with our columns; one that has them already as it is."""
        if not is_shelf(self.schema, list(columns)):
            return part
        sql = products(self.schema, _source(self.schema, columns), _table(part, columns))
        numbered = f"SELECT *, row_number() OVER () AS {LINE} FROM ({sql})"
        self.con.execute(f"COPY ({numbered}) TO {literal(str(aside))} (FORMAT parquet)")
        return Staged(part.file, aside, part.broken, part.cut)

    def notes(self) -> list[str]:
        """Return what was left out, as sentences."""
        notes = [f"Read as {self.schema.name}."]
        if self.left:
            notes.append(f"{self.left:,} rows say nothing of a product and were left out.")
        if self.nobody:
            notes.append(
                f"{self.nobody:,} rows have no {self.schema.user}: they are nobody's and were "
                f"left out; name another column with --map THEIRS={Col.CUSTOMER}."
            )
        return notes

    def _count(self, table: str) -> None:
        kind, nobody = f"{Col.EVENT} IS NOT NULL", f"{Col.CUSTOMER} IS NULL"
        ((found, spoke, nameless),) = self.con.execute(
            f"""SELECT (SELECT count(*) FROM {table}), count(DISTINCT {LINE}) FILTER ({kind}),
            count(*) FILTER ({kind} AND {nobody}) FROM meant"""
        ).fetchall()
        self.left += found - spoke
        self.nobody += nameless

    def _renamed(self, source: Source, columns: Mapping[str, str]) -> Columns:
        numbers = (Col.PRICE, Col.LIST_PRICE, Col.QUANTITY)
        return {
            ours: source.number(theirs)
            if ours in numbers
            else source.seconds(theirs)
            if ours == Col.TS
            else source.text(theirs)
            for theirs, ours in self.rename.items()
            if theirs in columns
        }


def _source(schema: Schema, columns: Mapping[str, str]) -> Source:
    """Nested columns of a text file were staged as JSON; all others are plain."""
    kinds = dict.fromkeys(columns, "")
    for name in schema.reads.keys() & columns.keys():
        if schema.reads[name]:
            kinds[name] = Nested.JSON if columns[name] == "VARCHAR" else Nested.NATIVE
    return Source(DUCKDB, kinds)


def _table(part: Staged, columns: Mapping[str, str]) -> str:
    rows = f"WHERE NOT {BROKEN}" if BROKEN in columns else ""
    return f"(FROM read_parquet({paths([part.readable])}, file_row_number=true) {rows})"
