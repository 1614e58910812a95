"""A table of somebody else's events -> the one query that says them in our columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from app.storage.warehouse.schemas.dialects import Dialect
from recsys.dataset.events import EVENT_COLUMNS, Col
from recsys.errors import BadInputError


class NestedFormat:
    """The kinds of column whose inside is read; every other column is read as plain text."""

    NATIVE = "native"  # lists and records of the engine's own
    JSON = "json"  # JSON in a text


PathStep = str | int  # a name, or a place in a list


def json_path(dialect: Dialect, path: Sequence[PathStep]) -> str:
    """Return a path as the engine writes it: `$.product.brands[0]` for most."""
    if dialect.path_root is None:
        return ",".join(str(step) for step in path)
    steps = "".join(f".{step}" if isinstance(step, str) else f"[{step}]" for step in path)
    return (dialect.path_root + steps).lstrip(".")


@dataclass(frozen=True, slots=True)
class JsonValue:
    """SQL for one JSON value."""

    sql: str
    dialect: Dialect

    def text(self, *path: PathStep) -> str:
        """Return SQL for the text down a path, or of the value itself."""
        if not path:
            return self.dialect.json_scalar.format(x=self.sql)
        return self.dialect.json_text.format(x=self.sql, path=json_path(self.dialect, path))

    def number(self, *path: PathStep) -> str:
        """Return SQL for the number down a path; NULL where there is none."""
        return self.dialect.number.format(x=self.text(*path))

    def child(self, *path: PathStep) -> "JsonValue":
        """Return the JSON down a path."""
        sql = self.dialect.json_value.format(x=self.sql, path=json_path(self.dialect, path))
        return JsonValue(sql, self.dialect)


@dataclass(slots=True)
class SourceTable:
    """A table in an engine, and the lists of it that were unrolled so far."""

    dialect: Dialect
    columns: Mapping[str, str]  # what is there: name -> a kind of Nested, or "" for a plain one
    unrolled: list[str] = field(default_factory=list)

    def text(self, column: str) -> str:
        """Return SQL for a column as text; NULL where the table lacks it."""
        if column not in self.columns:
            return self.dialect.null_text
        return self.dialect.text.format(x=self._column_sql(column))

    def number(self, column: str) -> str:
        """Return SQL for a column as a number."""
        return self.dialect.number.format(x=self.text(column))

    def seconds(self, column: str) -> str:
        """Return SQL for a column of times, or of times in words, as seconds since 1970."""
        moment = self.dialect.timestamp.format(x=self.text(column))
        return self.dialect.seconds.format(x=moment)

    def integer(self, column: str) -> str:
        """Return SQL for a column of whole numbers."""
        return self.dialect.integer.format(x=self.text(column))

    def seconds_from_micros(self, column: str) -> str:
        """Return SQL for a column of microseconds since 1970 as seconds."""
        return self.dialect.seconds_from_micros.format(x=self.integer(column))

    def json(self, column: str) -> JsonValue:
        """Return a nested column as JSON, however the engine keeps it."""
        if column not in self.columns:
            return JsonValue(self.dialect.parse_json.format(x=self.dialect.null_text), self.dialect)
        native = self.columns[column] == NestedFormat.NATIVE
        template = self.dialect.to_json if native else self.dialect.parse_json
        return JsonValue(template.format(x=self._column_sql(column)), self.dialect)

    def unroll(self, array: JsonValue, keep_empty: bool = False) -> JsonValue:
        """Unroll a list:

        a row for each element; with `keep_empty` one where there is no element.
        """
        template = self.dialect.unroll_or_null if keep_empty else self.dialect.unroll
        number = len(self.unrolled) + 1
        self.unrolled.append(template.format(x=array.sql, n=number))
        return JsonValue(self.dialect.element.format(n=number), self.dialect)

    def _column_sql(self, column: str) -> str:
        quote = self.dialect.quote
        return f"e.{quote}{column}{quote}"


ColumnSql = Mapping[str, str]  # ours -> SQL


@dataclass(frozen=True, slots=True)
class EventSchema:
    """What a published schema of events looks like, and what it means here."""

    name: str
    required_columns: tuple[str, ...]  # columns without which a table is none of these
    column_formats: Mapping[str, str]  # every column that is read -> a kind of Nested, or ""
    user_column: str  # how the schema says who it was, for a sentence
    events: Callable[[SourceTable], ColumnSql]
    product_columns: tuple[str, ...] = ()  # columns without which a file is none of its products
    products: Callable[[SourceTable], ColumnSql] | None = None
    grouped: bool = False  # the products stand over several rows


def event_kind_sql(column: str, names: Mapping[str, str]) -> str:
    """Return SQL that leads from a schema's names of events to ours; NULL for any other."""
    whens = " ".join(f"WHEN '{theirs}' THEN '{ours}'" for theirs, ours in names.items())
    return f"CASE {column} {whens} END"


def coalesce_sql(*values: str) -> str:
    """Return SQL for the first of these that is there."""
    return f"COALESCE({', '.join(values)})"


def null_if_empty_sql(value: str, *empty_words: str) -> str:
    """Return SQL for a text that is NULL where it says nothing."""
    for empty_word in ("", *empty_words):
        value = f"NULLIF({value}, '{empty_word}')"
    return value


def events_query(
    schema: EventSchema, source: SourceTable, table: str, extra: ColumnSql | None = None
) -> str:
    """Return the query over `table`: our columns of every row that has a kind and a customer.

    `extra` are columns in place of the schema's own, or beside them. Raises BadInputError where the
    engine has no room for the schema's names.
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
    """Return the query without its conditions; customer and event may be NULL."""
    columns = {**schema.events(source), **(extra or {})}
    ordered = {name: columns.pop(name) for name in EVENT_COLUMNS if name in columns} | columns
    return _select_sql(ordered, source, table)


def products_query(schema: EventSchema, source: SourceTable, table: str) -> str:
    """Return the query over a schema's file of products."""
    assert schema.products is not None
    end = "\nGROUP BY 1" if schema.grouped else ""
    return _select_sql(schema.products(source), source, table) + end


def _select_sql(columns: ColumnSql, source: SourceTable, table: str) -> str:
    picks = ",\n".join(f"  {sql} AS {name}" for name, sql in columns.items())
    joins = "".join(f"\n{join}" for join in source.unrolled)
    return f"SELECT\n{picks}\nFROM {table} AS e{joins}"
