"""Builds the query that maps a table of a published event schema to our columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from app.storage.warehouse.schemas.dialects import Dialect
from recsys.dataset.events import EVENT_COLUMNS, Col
from recsys.errors import BadInputError


class NestedFormat:
    """How a column stores nested data; a column that is not nested is read as plain text."""

    NATIVE = "native"  # the engine's own lists and records
    JSON = "json"  # JSON in a text column


PathStep = str | int  # a key, or an index in a list


def json_path(dialect: Dialect, path: Sequence[PathStep]) -> str:
    """Return a JSON path in the engine's syntax: `$.product.brands[0]` for most engines."""
    if dialect.path_root is None:
        return ",".join(str(step) for step in path)
    steps = "".join(f".{step}" if isinstance(step, str) else f"[{step}]" for step in path)
    return (dialect.path_root + steps).lstrip(".")


@dataclass(frozen=True, slots=True)
class JsonValue:
    """A JSON value, as SQL in one dialect."""

    sql: str
    dialect: Dialect

    def text(self, *path: PathStep) -> str:
        """Return SQL for the text at a path, or for the value itself as text."""
        if not path:
            return self.dialect.json_scalar.format(x=self.sql)
        return self.dialect.json_text.format(x=self.sql, path=json_path(self.dialect, path))

    def number(self, *path: PathStep) -> str:
        """Return SQL for the number at a path; NULL if there is none."""
        return self.dialect.number.format(x=self.text(*path))

    def child(self, *path: PathStep) -> "JsonValue":
        """Return the JSON value at a path."""
        sql = self.dialect.json_value.format(x=self.sql, path=json_path(self.dialect, path))
        return JsonValue(sql, self.dialect)


@dataclass(slots=True)
class SourceTable:
    """A table in an engine, and the joins for its lists that were unrolled so far."""

    dialect: Dialect
    columns: Mapping[str, str]  # existing columns: name -> NestedFormat, "" for plain
    unrolled: list[str] = field(default_factory=list)

    def text(self, column: str) -> str:
        """Return SQL for a column as text; NULL if the table lacks the column."""
        if column not in self.columns:
            return self.dialect.null_text
        return self.dialect.text.format(x=self._column_sql(column))

    def number(self, column: str) -> str:
        """Return SQL for a column as a number."""
        return self.dialect.number.format(x=self.text(column))

    def seconds(self, column: str) -> str:
        """Return SQL for a column of timestamps, or of times as text, in seconds since 1970."""
        moment = self.dialect.timestamp.format(x=self.text(column))
        return self.dialect.seconds.format(x=moment)

    def integer(self, column: str) -> str:
        """Return SQL for a column of whole numbers."""
        return self.dialect.integer.format(x=self.text(column))

    def seconds_from_micros(self, column: str) -> str:
        """Return SQL that converts a column of microseconds since 1970 to seconds."""
        return self.dialect.seconds_from_micros.format(x=self.integer(column))

    def json(self, column: str) -> JsonValue:
        """Return a nested column as JSON, whatever its NestedFormat."""
        if column not in self.columns:
            return JsonValue(self.dialect.parse_json.format(x=self.dialect.null_text), self.dialect)
        native = self.columns[column] == NestedFormat.NATIVE
        template = self.dialect.to_json if native else self.dialect.parse_json
        return JsonValue(template.format(x=self._column_sql(column)), self.dialect)

    def unroll(self, array: JsonValue, keep_empty: bool = False) -> JsonValue:
        """Add a join that gives one row per list element; return the element.

        With `keep_empty` a missing or empty list gives one row with NULL.
        """
        template = self.dialect.unroll_or_null if keep_empty else self.dialect.unroll
        number = len(self.unrolled) + 1
        self.unrolled.append(template.format(x=array.sql, n=number))
        return JsonValue(self.dialect.element.format(n=number), self.dialect)

    def _column_sql(self, column: str) -> str:
        quote = self.dialect.quote
        return f"e.{quote}{column}{quote}"


ColumnSql = Mapping[str, str]  # our column -> SQL


@dataclass(frozen=True, slots=True)
class EventSchema:
    """A published event schema: its columns, and the SQL that maps them to ours."""

    name: str
    required_columns: tuple[str, ...]  # a table without these is not of the schema
    column_formats: Mapping[str, str]  # each column read -> NestedFormat, "" for plain
    user_column: str  # name of the user column, for messages
    events: Callable[[SourceTable], ColumnSql]
    product_columns: tuple[str, ...] = ()  # a file without these holds no products
    products: Callable[[SourceTable], ColumnSql] | None = None
    grouped: bool = False  # a product takes several rows: group them


def event_kind_sql(column: str, names: Mapping[str, str]) -> str:
    """Return SQL that maps a schema's event names to ours; NULL for any other name."""
    whens = " ".join(f"WHEN '{theirs}' THEN '{ours}'" for theirs, ours in names.items())
    return f"CASE {column} {whens} END"


def coalesce_sql(*values: str) -> str:
    """Return SQL for the first value that is not NULL."""
    return f"COALESCE({', '.join(values)})"


def null_if_empty_sql(value: str, *empty_words: str) -> str:
    """Return SQL for a text that is NULL if it is empty or one of `empty_words`."""
    for empty_word in ("", *empty_words):
        value = f"NULLIF({value}, '{empty_word}')"
    return value


def events_query(
    schema: EventSchema, source: SourceTable, table: str, extra: ColumnSql | None = None
) -> str:
    """Return the query over `table`: our columns of every row with an event kind and a customer.

    `extra` columns replace the schema's columns of the same name, or are added. Raises
    BadInputError if the schema's column names are too long for the engine.
    """
    if any(len(name) > source.dialect.max_name_length for name in schema.required_columns):
        raise BadInputError(
            f"{source.dialect.name} has no names as long as the columns of {schema.name}, whose "
            "loader keeps the products in tables of their own there; export from another engine, "
            "or a table in our columns."
        )
    inner = unfiltered_query(schema, source, table, extra)
    return (
        f"SELECT *\nFROM (\n{inner}\n) AS canonical\n"
        f"WHERE {Col.CUSTOMER} IS NOT NULL AND {Col.EVENT} IS NOT NULL"
    )


def unfiltered_query(
    schema: EventSchema, source: SourceTable, table: str, extra: ColumnSql | None = None
) -> str:
    """Return `events_query` without its filter: customer and event kind may be NULL."""
    columns = {**schema.events(source), **(extra or {})}
    ordered = {name: columns.pop(name) for name in EVENT_COLUMNS if name in columns} | columns
    return _select_sql(ordered, source, table)


def products_query(schema: EventSchema, source: SourceTable, table: str) -> str:
    """Return the query that maps a schema's table of products to our columns."""
    assert schema.products is not None
    end = "\nGROUP BY 1" if schema.grouped else ""
    return _select_sql(schema.products(source), source, table) + end


def _select_sql(columns: ColumnSql, source: SourceTable, table: str) -> str:
    picks = ",\n".join(f"  {sql} AS {name}" for name, sql in columns.items())
    joins = "".join(f"\n{join}" for join in source.unrolled)
    return f"SELECT\n{picks}\nFROM {table} AS e{joins}"
