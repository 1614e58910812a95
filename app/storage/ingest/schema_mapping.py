"""Converts files of a published schema to files with our columns, with the schema's query."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from app.storage.event_store.duckdb_sql import sql_literal, sql_path_list
from app.storage.ingest.schema_detection import is_product_file
from app.storage.ingest.staging import BROKEN, LINE, StagedFile
from app.storage.warehouse.schemas.base import (
    ColumnSql,
    EventSchema,
    NestedFormat,
    SourceTable,
    products_query,
    unfiltered_query,
)
from app.storage.warehouse.schemas.dialects import DUCKDB
from recsys.dataset.events import Col


@dataclass(slots=True)
class SchemaMapper:
    """A converter of all files of an import from one schema; it counts the rows it leaves out."""

    con: duckdb.DuckDBPyConnection
    schema: EventSchema
    rename: Mapping[str, str]
    without_product: int = 0  # source rows without a product event
    without_user: int = 0  # converted rows without a user
    rows: int = 0
    source_columns: set[str] = field(default_factory=set)

    def events(
        self, staged_file: StagedFile, columns: Mapping[str, str], temp_path: Path
    ) -> StagedFile:
        """Convert a staged file of events to our columns at `temp_path`.

        `columns` maps the file's columns to their SQL types.
        """
        self.source_columns |= columns.keys()
        source = _source_table(self.schema, columns)
        line = f"e.{LINE}" if LINE in columns else "e.file_row_number + 1"
        extra = {**self._renamed_columns(source, columns), LINE: line}
        table = _table_sql(staged_file, columns)
        self.con.execute(
            f"CREATE OR REPLACE VIEW meant AS {unfiltered_query(self.schema, source, table, extra)}"
        )
        self._count(table)
        selection = f"FROM meant WHERE {Col.EVENT} IS NOT NULL AND {Col.CUSTOMER} IS NOT NULL"
        self.con.execute(f"COPY ({selection}) TO {sql_literal(str(temp_path))} (FORMAT parquet)")
        return StagedFile(staged_file.file, temp_path, staged_file.broken, staged_file.is_truncated)

    def products(
        self, staged_file: StagedFile, columns: Mapping[str, str], temp_path: Path
    ) -> StagedFile:
        """Convert a staged file of the schema's products; return any other file unchanged."""
        if not is_product_file(self.schema, list(columns)):
            return staged_file
        sql = products_query(
            self.schema, _source_table(self.schema, columns), _table_sql(staged_file, columns)
        )
        numbered = f"SELECT *, row_number() OVER () AS {LINE} FROM ({sql})"
        self.con.execute(f"COPY ({numbered}) TO {sql_literal(str(temp_path))} (FORMAT parquet)")
        return StagedFile(staged_file.file, temp_path, staged_file.broken, staged_file.is_truncated)

    def notes(self) -> list[str]:
        """Return sentences that name the schema and count the rows left out."""
        notes = [f"Read as {self.schema.name}."]
        if self.without_product:
            notes.append(f"{self.without_product:,} rows have no product event and were left out.")
        if self.without_user:
            notes.append(
                f"{self.without_user:,} rows have no {self.schema.user_column}: they are "
                "nobody's and were "
                f"left out; name another column with --map THEIRS={Col.CUSTOMER}."
            )
        return notes

    def _count(self, table: str) -> None:
        kind, no_user = f"{Col.EVENT} IS NOT NULL", f"{Col.CUSTOMER} IS NULL"
        ((n_rows, n_product_rows, n_without_user),) = self.con.execute(
            f"""SELECT (SELECT count(*) FROM {table}), count(DISTINCT {LINE}) FILTER ({kind}),
            count(*) FILTER ({kind} AND {no_user}) FROM meant"""
        ).fetchall()
        self.without_product += n_rows - n_product_rows
        self.without_user += n_without_user

    def _renamed_columns(self, source: SourceTable, columns: Mapping[str, str]) -> ColumnSql:
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


def _source_table(schema: EventSchema, columns: Mapping[str, str]) -> SourceTable:
    """Return the file as a source table; nested columns of text files were staged as JSON."""
    kinds = dict.fromkeys(columns, "")
    for name in schema.column_formats.keys() & columns.keys():
        if schema.column_formats[name]:
            kinds[name] = NestedFormat.JSON if columns[name] == "VARCHAR" else NestedFormat.NATIVE
    return SourceTable(DUCKDB, kinds)


def _table_sql(staged_file: StagedFile, columns: Mapping[str, str]) -> str:
    rows = f"WHERE NOT {BROKEN}" if BROKEN in columns else ""
    return (
        f"(FROM read_parquet({sql_path_list([staged_file.readable])}, file_row_number=true) {rows})"
    )
