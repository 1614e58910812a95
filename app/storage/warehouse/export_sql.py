"""SQL statements that a shop runs in its own warehouse, so that Brandswipe needs no credentials."""

from collections.abc import Collection

from app.storage.warehouse.evidence_sql import SHELF_COLUMNS, evidence_query
from app.storage.warehouse.schemas.base import EventSchema, SourceTable, events_query
from app.storage.warehouse.schemas.dialects import DIALECTS
from app.storage.warehouse.schemas.registry import SCHEMAS
from recsys.dataset.events import Col
from recsys.errors import UnknownNameError

_ORDER_BY = f"ORDER BY {Col.CUSTOMER}, {Col.TS}"

_EXPORT_TEMPLATES = {
    "bigquery": (
        "EXPORT DATA OPTIONS (\n  uri = 'gs://YOUR-BUCKET/brandswipe/{what}-*.parquet',\n"
        "  format = 'PARQUET', overwrite = true\n) AS\n{query};"
    ),
    "snowflake": (
        "ALTER SESSION SET TIMEZONE = 'UTC';\nCOPY INTO @YOUR_STAGE/brandswipe/{what}\nFROM (\n"
        "{query}\n)\nFILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE OVERWRITE = TRUE;"
    ),
    "spark": (
        "SET spark.sql.session.timeZone = UTC;\n"
        "INSERT OVERWRITE DIRECTORY 'brandswipe-{what}' USING PARQUET\n{query};"
    ),
    "postgres": (
        "-- PostgreSQL writes no Parquet: psql -q -f THIS.sql > {what}.csv\n"
        "SET TimeZone = 'UTC';\nSET enable_nestloop = off;\n"
        "COPY (\n{query}\n) TO STDOUT (FORMAT csv, HEADER);"
    ),
    "duckdb": ("SET TimeZone = 'UTC';\nCOPY (\n{query}\n) TO '{what}.parquet' (FORMAT parquet);"),
}


def export_statement(engine: str, schema: str, table: str | None = None) -> str:
    """Return a SQL statement that exports a table's events in our columns, sorted by customer.

    `table` goes into the query unchanged, so it must be in the engine's syntax. Raises
    UnknownNameError for an unknown schema.
    """
    event_schema = _schema_by_name(schema)
    table_name = table or default_table(engine, schema)
    rows = events_query(
        event_schema, SourceTable(DIALECTS[engine], event_schema.column_formats), table_name
    )
    return _EXPORT_TEMPLATES[engine].format(what="events", query=f"{rows}\n{_ORDER_BY}")


def evidence_statement(
    engine: str,
    schema: str,
    table: str | None = None,
    sensitive_words: Collection[str] = (),
    products: str | None = None,
) -> str:
    """Return a SQL statement that exports a table's evidence, one row per customer and brand.

    `products` names a table of products with the columns SHELF_COLUMNS. See `evidence_query`.
    Raises UnknownNameError for an unknown schema.
    """
    event_schema = _schema_by_name(schema)
    table_name = table or default_table(engine, schema)
    product_table = None if products is None else (products, SHELF_COLUMNS)
    rows = evidence_query(
        event_schema,
        SourceTable(DIALECTS[engine], event_schema.column_formats),
        table_name,
        sensitive_words,
        product_table,
    )
    return _EXPORT_TEMPLATES[engine].format(what="evidence", query=rows)


def _schema_by_name(name: str) -> EventSchema:
    if name not in SCHEMAS:
        raise UnknownNameError("schema", name, SCHEMAS)
    return SCHEMAS[name]


def default_table(engine: str, schema: str) -> str:
    """Return the table name that exports in this schema use by default."""
    if (engine, schema) == ("bigquery", "ga4"):
        return "`YOUR-PROJECT.analytics_123456.events_*`"
    return {"snowplow": "atomic.events", "movielens": "ratings", "rectools": "interactions"}.get(
        schema, "events"
    )
