"""Detects the schema of input files from their columns, and which files hold products."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from app.storage.ingest.readers import InputFiles
from app.storage.ingest.staging import SUFFIXES, file_suffix, read_header, read_lines
from app.storage.warehouse.schemas.base import EventSchema
from app.storage.warehouse.schemas.registry import AUTO, SCHEMAS, detect_schema, select_schema
from recsys.errors import BadEventsError

_SAMPLED_LINES = 200  # of a JSONL file: rows may omit empty fields, so one row is not enough


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """Input files, split into events and products, and their schema."""

    files: InputFiles
    schema: EventSchema | None  # None: Brandswipe's own columns


def plan_reading(files: InputFiles, schema_name: str, rename: Mapping[str, str]) -> ReadPlan:
    """Return the schema of the event files, and separate the schema's product files from them.

    `schema_name` is AUTO or a name in SCHEMAS. Raises BadEventsError if a file does not fit the
    named schema, or if two files have different schemas.
    """
    columns_by_file = {file: columns_of(file) for file in (*files.events, *files.products)}
    product_files = [
        f
        for f in files.events
        if len(files.events) > 1 and _is_products_only(columns_by_file[f], schema_name)
    ]
    events = tuple(f for f in files.events if f not in product_files)
    schemas = [
        select_schema(schema_name, columns_by_file[f], rename, f.name)
        for f in events
        if columns_by_file[f]
    ]
    for file, schema in zip((f for f in events if columns_by_file[f]), schemas, strict=True):
        if schema is not schemas[0]:
            raise BadEventsError(
                f"{events[0].name} is of {_describe_schema(schemas[0])}, {file.name} of "
                f"{_describe_schema(schema)}: "
                "two schemas at once; import them one after the other."
            )
    schema = schemas[0] if schemas else None
    return ReadPlan(InputFiles(events, (*files.products, *product_files), files.shop), schema)


def _describe_schema(schema: EventSchema | None) -> str:
    return "our own columns or none" if schema is None else schema.name


def _is_products_only(columns: Sequence[str], schema_name: str) -> bool:
    """Return whether the columns fit a schema's products and no schema's events."""
    candidates = SCHEMAS.values() if schema_name == AUTO else [SCHEMAS[schema_name]]
    return detect_schema(columns) is None and any(
        is_product_file(schema, columns) for schema in candidates
    )


def is_product_file(schema: EventSchema, columns: Sequence[str]) -> bool:
    """Return whether a file with these columns holds the products of the schema."""
    return bool(schema.product_columns) and all(name in columns for name in schema.product_columns)


def columns_of(file: Path) -> list[str]:
    """Return a file's column names; [] if it cannot be read, and the import then says why."""
    try:
        kind = SUFFIXES.get(file_suffix(file))
        if kind == "parquet":
            return list(pq.read_schema(file).names)
        return read_header(file)[1] if kind == "csv" else _json_keys(file)
    except (OSError, EOFError, ValueError, pa.ArrowException, BadEventsError):
        return []


def _json_keys(file: Path) -> list[str]:
    keys: dict[str, None] = {}
    for line in islice(read_lines(file), _SAMPLED_LINES):
        row = json.loads(line)
        if isinstance(row, dict):
            keys |= dict.fromkeys(row)
    return list(keys)
