"""The schemas that are known, and which of them some columns are."""

from collections.abc import Collection, Iterable, Mapping

from app.storage.warehouse.schemas.base import Schema
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


_AS_THEY_ARE: Mapping[str, str] = {}


def missing(schema: Schema, columns: Collection[str]) -> list[str]:
    """Return the columns that these lack to be of the schema."""
    return [name for name in schema.needs if name not in columns]


def fitting(columns: Collection[str], rename: Mapping[str, str] = _AS_THEY_ARE) -> Schema | None:
    """Return the schema that these columns are of; None where they are our own, or of none."""
    ours = {rename.get(name, name.strip().lower()) for name in columns}
    if Col.CUSTOMER in ours and ours & {Col.BRAND, Col.PRODUCT}:
        return None
    fits = [schema for schema in SCHEMAS.values() if not missing(schema, columns)]
    return max(fits, key=lambda schema: len(schema.needs), default=None)


def nearest(columns: Collection[str]) -> Schema | None:
    """Return the schema that most of these columns speak for; None where none does."""

    def share(schema: Schema) -> float:
        return 1 - len(missing(schema, columns)) / len(schema.needs)

    best = max(SCHEMAS.values(), key=share)
    return best if share(best) > 0 else None


def hint(columns: Collection[str]) -> str:
    """Return a sentence on the nearest schema and what it misses here, or nothing."""
    near = nearest(columns)
    lacks = [] if near is None else missing(near, columns)
    if near is None or not lacks:
        return ""
    return f" Of the known schemas {near.name} is nearest: it misses {listed(lacks)}."


def chosen(
    name: str, columns: Collection[str], rename: Mapping[str, str], file: str
) -> Schema | None:
    """Return the schema of a file by its asked name; BadEventsError where it does not fit."""
    if name == AUTO:
        return fitting(columns, rename)
    schema = SCHEMAS[name]
    lacks = missing(schema, columns)
    if not lacks:
        return schema
    other = fitting(columns) or nearest(columns)
    also = "" if other in (None, schema) else hint(columns) or f" It looks like {other.name}."
    raise BadEventsError(f"{file} is not of {name}: it misses {listed(lacks)}.{also}")


def listed(names: Iterable[str]) -> str:
    """Return names as a sentence has them."""
    *front, last = names
    return f"{', '.join(front)} and {last}" if front else last
