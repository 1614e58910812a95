"""The known schemas, and the detection of a schema from column names."""

from collections.abc import Collection, Iterable, Mapping

from app.storage.warehouse.schemas.base import EventSchema
from app.storage.warehouse.schemas.ga4 import GA4
from app.storage.warehouse.schemas.google_retail import GOOGLE_RETAIL
from app.storage.warehouse.schemas.movielens import MOVIELENS
from app.storage.warehouse.schemas.rectools import RECTOOLS
from app.storage.warehouse.schemas.segment import SEGMENT, SEGMENT_TABLES
from app.storage.warehouse.schemas.snowplow import SNOWPLOW
from recsys.dataset.events import Col
from recsys.errors import BadEventsError

AUTO = "auto"
SCHEMAS = {
    s.name: s for s in (GA4, GOOGLE_RETAIL, SEGMENT, SEGMENT_TABLES, SNOWPLOW, RECTOOLS, MOVIELENS)
}


_NO_RENAMES: Mapping[str, str] = {}


def missing_columns(schema: EventSchema, columns: Collection[str]) -> list[str]:
    """Return the schema's required columns that are not in `columns`."""
    return [name for name in schema.required_columns if name not in columns]


def detect_schema(
    columns: Collection[str], rename: Mapping[str, str] = _NO_RENAMES
) -> EventSchema | None:
    """Return the schema of these columns; None if they are our own or fit no schema.

    If several schemas fit, the one with the most required columns is returned.
    """
    canonical = {rename.get(name, name.strip().lower()) for name in columns}
    if Col.CUSTOMER in canonical and canonical & {Col.BRAND, Col.PRODUCT}:
        return None
    matches = [schema for schema in SCHEMAS.values() if not missing_columns(schema, columns)]
    return max(matches, key=lambda schema: len(schema.required_columns), default=None)


def nearest_schema(columns: Collection[str]) -> EventSchema | None:
    """Return the schema with the largest share of its required columns here; None if all are 0."""

    def share(schema: EventSchema) -> float:
        return 1 - len(missing_columns(schema, columns)) / len(schema.required_columns)

    best = max(SCHEMAS.values(), key=share)
    return best if share(best) > 0 else None


def schema_hint(columns: Collection[str]) -> str:
    """Return a sentence on the nearest schema and its missing columns, or ''."""
    schema = nearest_schema(columns)
    absent = [] if schema is None else missing_columns(schema, columns)
    if schema is None or not absent:
        return ""
    return f" Of the known schemas {schema.name} is nearest: it misses {join_names(absent)}."


def select_schema(
    name: str, columns: Collection[str], rename: Mapping[str, str], file: str
) -> EventSchema | None:
    """Return the schema called `name`, or the detected one for AUTO (None: our own columns).

    Raises BadEventsError if the columns do not fit the named schema.
    """
    if name == AUTO:
        return detect_schema(columns, rename)
    schema = SCHEMAS[name]
    absent = missing_columns(schema, columns)
    if not absent:
        return schema
    likely = detect_schema(columns) or nearest_schema(columns)
    suggestion = (
        "" if likely in (None, schema) else schema_hint(columns) or f" It looks like {likely.name}."
    )
    raise BadEventsError(f"{file} is not of {name}: it misses {join_names(absent)}.{suggestion}")


def join_names(names: Iterable[str]) -> str:
    """Join names for a sentence: "a, b and c"."""
    *front, last = names
    return f"{', '.join(front)} and {last}" if front else last
