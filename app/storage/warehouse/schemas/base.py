"""A table of somebody else's events -> the one query that says them in our columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from app.storage.warehouse.schemas.dialects import Dialect
from recsys.dataset.events import EVENT_COLUMNS, Col
from recsys.errors import BadInputError


class Nested:
    """The kinds of column whose inside is read; every other column is read as plain text."""

    NATIVE = "native"  # lists and records of the engine's own
    JSON = "json"  # JSON in a text


Step = str | int  # a name, or a place in a list


def down(dialect: Dialect, path: Sequence[Step]) -> str:
    """Return a path as the engine writes it: `$.product.brands[0]` for most."""
    if dialect.root is None:
        return ",".join(str(step) for step in path)
    steps = "".join(f".{step}" if isinstance(step, str) else f"[{step}]" for step in path)
    return (dialect.root + steps).lstrip(".")


@dataclass(frozen=True, slots=True)
class Value:
    """SQL for one JSON value."""

    sql: str
    dialect: Dialect

    def text(self, *path: Step) -> str:
        """Return SQL for the text down a path, or of the value itself."""
        if not path:
            return self.dialect.itself.format(x=self.sql)
        return self.dialect.field.format(x=self.sql, path=down(self.dialect, path))

    def number(self, *path: Step) -> str:
        """Return SQL for the number down a path; NULL where there is none."""
        return self.dialect.number.format(x=self.text(*path))

    def part(self, *path: Step) -> "Value":
        """Return the JSON down a path."""
        sql = self.dialect.part.format(x=self.sql, path=down(self.dialect, path))
        return Value(sql, self.dialect)


@dataclass(slots=True)
class Source:
    """A table in an engine, and the lists of it that were unrolled so far."""

    dialect: Dialect
    columns: Mapping[str, str]  # what is there: name -> a kind of Nested, or "" for a plain one
    unrolled: list[str] = field(default_factory=list)

    def text(self, column: str) -> str:
        """Return SQL for a column as text; NULL where the table lacks it."""
        if column not in self.columns:
            return self.dialect.null
        return self.dialect.text.format(x=self._named(column))

    def number(self, column: str) -> str:
        """Return SQL for a column as a number."""
        return self.dialect.number.format(x=self.text(column))

    def seconds(self, column: str) -> str:
        """Return SQL for a column of times, or of times in words, as seconds since 1970."""
        moment = self.dialect.moment.format(x=self.text(column))
        return self.dialect.seconds.format(x=moment)

    def whole(self, column: str) -> str:
        """Return SQL for a column of whole numbers."""
        return self.dialect.whole.format(x=self.text(column))

    def micros(self, column: str) -> str:
        """Return SQL for a column of microseconds since 1970 as seconds."""
        return self.dialect.micros.format(x=self.whole(column))

    def json(self, column: str) -> Value:
        """Return a nested column as JSON, however the engine keeps it."""
        if column not in self.columns:
            return Value(self.dialect.written.format(x=self.dialect.null), self.dialect)
        native = self.columns[column] == Nested.NATIVE
        template = self.dialect.nested if native else self.dialect.written
        return Value(template.format(x=self._named(column)), self.dialect)

    def each(self, listed: Value, or_none: bool = False) -> Value:
        """Unroll a list: a row for each element; with `or_none` one where there is no element."""
        template = self.dialect.each_or_none if or_none else self.dialect.each
        number = len(self.unrolled) + 1
        self.unrolled.append(template.format(x=listed.sql, n=number))
        return Value(self.dialect.element.format(n=number), self.dialect)

    def _named(self, column: str) -> str:
        quote = self.dialect.quote
        return f"e.{quote}{column}{quote}"


Columns = Mapping[str, str]  # ours -> SQL


@dataclass(frozen=True, slots=True)
class Schema:
    """What a published schema of events looks like, and what it means here."""

    name: str
    needs: tuple[str, ...]  # columns without which a table is none of these
    reads: Mapping[str, str]  # every column that is read -> a kind of Nested, or ""
    user: str  # how the schema says who it was, for a sentence
    events: Callable[[Source], Columns]
    shelf: tuple[str, ...] = ()  # columns without which a file is none of its products
    products: Callable[[Source], Columns] | None = None
    grouped: bool = False  # the products stand over several rows


def kinds(column: str, names: Mapping[str, str]) -> str:
    """Return SQL that leads from a schema's names of events to ours; NULL for any other."""
    whens = " ".join(f"WHEN '{theirs}' THEN '{ours}'" for theirs, ours in names.items())
    return f"CASE {column} {whens} END"


def first(*values: str) -> str:
    """Return SQL for the first of these that is there."""
    return f"COALESCE({', '.join(values)})"


def said(value: str, *nothing: str) -> str:
    """Return SQL for a text that is NULL where it says nothing."""
    for word in ("", *nothing):
        value = f"NULLIF({value}, '{word}')"
    return value


def query(schema: Schema, source: Source, table: str, more: Columns | None = None) -> str:
    """Return the query over `table`: our columns of every row that has a kind and a customer.

    `more` are columns in place of the schema's own, or beside them. Raises BadInputError where the
    engine has no room for the schema's names.
    """
    if any(len(name) > source.dialect.longest for name in schema.needs):
        raise BadInputError(
            f"{source.dialect.name} has no names as long as the columns of {schema.name}, whose "
            "loader keeps the products in tables of their own there; export from another engine, "
            "or a table in our columns."
        )
    inner = unfiltered(schema, source, table, more)
    return (
        f"SELECT *\nFROM (\n{inner}\n) AS canonical\n"
        f"WHERE {Col.CUSTOMER} IS NOT NULL AND {Col.EVENT} IS NOT NULL"
    )


def unfiltered(schema: Schema, source: Source, table: str, more: Columns | None = None) -> str:
    """Return the query without its conditions; customer and event may be NULL."""
    meant = {**schema.events(source), **(more or {})}
    ordered = {name: meant.pop(name) for name in EVENT_COLUMNS if name in meant} | meant
    return _select(ordered, source, table)


def products(schema: Schema, source: Source, table: str) -> str:
    """Return the query over a schema's file of products."""
    assert schema.products is not None
    end = "\nGROUP BY 1" if schema.grouped else ""
    return _select(schema.products(source), source, table) + end


def _select(columns: Columns, source: Source, table: str) -> str:
    picks = ",\n".join(f"  {sql} AS {name}" for name, sql in columns.items())
    joins = "".join(f"\n{join}" for join in source.unrolled)
    return f"SELECT\n{picks}\nFROM {table} AS e{joins}"
