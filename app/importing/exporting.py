"""The one query that a shop runs in its own warehouse, so that no credential comes to us."""

from app.importing.schemas.dialects import DIALECTS
from app.importing.schemas.known import SCHEMAS
from app.importing.schemas.source import Source, query
from recsys.errors import UnknownNameError
from recsys.events import Col

_SORTED = f"ORDER BY {Col.CUSTOMER}, {Col.TS}"

_WRAPPED = {
    "bigquery": (
        "EXPORT DATA OPTIONS (\n  uri = 'gs://YOUR-BUCKET/brandswipe/events-*.parquet',\n"
        "  format = 'PARQUET', overwrite = true\n) AS\n{query};"
    ),
    "snowflake": (
        "ALTER SESSION SET TIMEZONE = 'UTC';\nCOPY INTO @YOUR_STAGE/brandswipe/events\nFROM (\n"
        "{query}\n)\nFILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE OVERWRITE = TRUE;"
    ),
    "spark": (
        "SET spark.sql.session.timeZone = UTC;\n"
        "INSERT OVERWRITE DIRECTORY 'brandswipe-events' USING PARQUET\n{query};"
    ),
    "postgres": (
        "-- PostgreSQL writes no Parquet: psql -q -f THIS.sql > events.csv\n"
        "SET TimeZone = 'UTC';\nCOPY (\n{query}\n) TO STDOUT (FORMAT csv, HEADER);"
    ),
    "duckdb": ("SET TimeZone = 'UTC';\nCOPY (\n{query}\n) TO 'events.parquet' (FORMAT parquet);"),
}


def statement(engine: str, schema: str, table: str | None = None) -> str:
    """Return what exports a schema's table, customer by customer, in our columns.

    `table` is written into the query as it is given, in the engine's own spelling.
    """
    if schema not in SCHEMAS:
        raise UnknownNameError("schema", schema, SCHEMAS)
    dialect, known = DIALECTS[engine], SCHEMAS[schema]
    rows = query(known, Source(dialect, known.reads), table or default_table(engine, schema))
    return _WRAPPED[engine].format(query=f"{rows}\n{_SORTED}")


def default_table(engine: str, schema: str) -> str:
    """Return the table's name where nobody gave one, as the schema's own exports call it."""
    if (engine, schema) == ("bigquery", "ga4"):
        return "`YOUR-PROJECT.analytics_123456.events_*`"
    return {"snowplow": "atomic.events", "movielens": "ratings", "rectools": "interactions"}.get(
        schema, "events"
    )
