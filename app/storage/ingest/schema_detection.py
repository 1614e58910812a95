"""A look at the first lines of files: whose schema they are of, and which of them are products."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from app.storage.ingest.readers import Found
from app.storage.ingest.staging import SUFFIXES, header, lines_of, suffix
from app.storage.warehouse.schemas.base import Schema
from app.storage.warehouse.schemas.registry import AUTO, SCHEMAS, chosen, fitting
from recsys.errors import BadEventsError

_LOOKED_AT = 200  # lines of a JSONL file, whose rows may leave out what is empty


@dataclass(frozen=True, slots=True)
class Plan:
    """How a set of files will be read."""

    found: Found
    schema: Schema | None  # None: our own columns


def plan(found: Found, asked: str, rename: Mapping[str, str]) -> Plan:
    """Return which schema the event files are of, and put those that are its products aside.

    Raises BadEventsError where a file does not fit the asked schema, or two are of different ones.
    """
    seen = {file: columns_of(file) for file in (*found.events, *found.products)}
    aside = [f for f in found.events if len(found.events) > 1 and _shelves(seen[f], asked)]
    events = tuple(f for f in found.events if f not in aside)
    schemas = [chosen(asked, seen[f], rename, f.name) for f in events if seen[f]]
    for file, schema in zip((f for f in events if seen[f]), schemas, strict=True):
        if schema is not schemas[0]:
            raise BadEventsError(
                f"{events[0].name} is of {_called(schemas[0])}, {file.name} of {_called(schema)}: "
                "two schemas at once; import them one after the other."
            )
    schema = schemas[0] if schemas else None
    return Plan(Found(events, (*found.products, *aside), found.shop), schema)


def _called(schema: Schema | None) -> str:
    return "our own columns or none" if schema is None else schema.name


def _shelves(columns: Sequence[str], asked: str) -> bool:
    """Whether these are the products of a schema and not its events."""
    asked_for = SCHEMAS.values() if asked == AUTO else [SCHEMAS[asked]]
    return fitting(columns) is None and any(is_shelf(schema, columns) for schema in asked_for)


def is_shelf(schema: Schema, columns: Sequence[str]) -> bool:
    """Whether a file of these columns holds the products of a schema."""
    return bool(schema.shelf) and all(name in columns for name in schema.shelf)


def columns_of(file: Path) -> list[str]:
    """Return the names of a file's columns, none where it cannot be read: the import says why."""
    try:
        kind = SUFFIXES.get(suffix(file))
        if kind == "parquet":
            return list(pq.read_schema(file).names)
        return header(file)[1] if kind == "csv" else _keys(file)
    except (OSError, EOFError, ValueError, pa.ArrowException, BadEventsError):
        return []


def _keys(file: Path) -> list[str]:
    found: dict[str, None] = {}
    for line in islice(lines_of(file), _LOOKED_AT):
        row = json.loads(line)
        if isinstance(row, dict):
            found |= dict.fromkeys(row)
    return list(found)
