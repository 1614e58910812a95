"""How each engine spells the few things that the schemas need: JSON, times, numbers, lists.

Nested columns are read as JSON in every engine, so that a schema is written down once. In the
templates {x} is SQL, {path} the names and places on the way down, {n} a number.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """One engine's spelling."""

    name: str
    quote: str
    root: str | None  # how a path begins; None where its steps are a list with commas
    text: str  # any plain value as text
    number: str  # a text as a number; NULL where it is none
    whole: str  # a text as a whole number; NULL where it is none
    micros: str  # whole microseconds as whole seconds, rounded down
    moment: str  # a text or a time of its own as a time; NULL where it is none
    seconds: str  # a time as whole seconds since 1970
    nested: str  # a column of lists or records as JSON
    written: str  # a column that holds JSON, as JSON
    field: str  # a value inside JSON as text
    part: str  # a value inside JSON as JSON
    itself: str  # JSON that is a text, as text
    each: str  # a row for each element of a JSON list
    each_or_none: str  # the same; a row with NULL where there is no element
    element: str  # what an element is then called
    null: str  # no text
    longest: int = 255  # characters of a name
    real: str = "DOUBLE"  # the type of a number with 53 bits


_TRIED = "CASE WHEN {{x}} ~ '{pattern}' THEN CAST({{x}} AS {kind}) END"
_PG_NUMBER = _TRIED.format(pattern=r"^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$", kind="FLOAT8")
_PG_WHOLE = _TRIED.format(pattern=r"^-?[0-9]{{1,18}}$", kind="BIGINT")
_PG_MOMENT = _TRIED.format(pattern=r"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}", kind="TIMESTAMPTZ")

DUCKDB = Dialect(
    name="duckdb",
    quote='"',
    root="$",
    text="CAST({x} AS VARCHAR)",
    number="TRY_CAST({x} AS DOUBLE)",
    whole="TRY_CAST({x} AS BIGINT)",
    micros="{x} // 1000000",
    moment="TRY_CAST({x} AS TIMESTAMPTZ)",
    seconds="CAST(FLOOR(EPOCH({x})) AS BIGINT)",
    nested="TO_JSON({x})",
    written="TRY_CAST({x} AS JSON)",
    field="JSON_EXTRACT_STRING({x}, '{path}')",
    part="JSON_EXTRACT({x}, '{path}')",
    itself="JSON_EXTRACT_STRING({x}, '$')",
    each="CROSS JOIN UNNEST(CASE JSON_TYPE({x}) WHEN 'ARRAY' THEN CAST({x} AS JSON[]) END) "
    "AS u{n}(part{n})",
    each_or_none="LEFT JOIN UNNEST(CASE JSON_TYPE({x}) WHEN 'ARRAY' THEN CAST({x} AS JSON[]) END) "
    "AS u{n}(part{n}) ON TRUE",
    element="u{n}.part{n}",
    null="CAST(NULL AS VARCHAR)",
)
POSTGRES = Dialect(
    name="postgres",
    quote='"',
    root=None,
    text="CAST({x} AS TEXT)",
    number=_PG_NUMBER,
    whole=_PG_WHOLE,
    micros="FLOOR({x} / 1000000.0)::BIGINT",
    moment=_PG_MOMENT,
    seconds="CAST(FLOOR(EXTRACT(EPOCH FROM {x})) AS BIGINT)",
    nested="CAST({x} AS JSONB)",
    written="CAST({x} AS JSONB)",
    field="({x} #>> '{{{path}}}')",
    part="({x} #> '{{{path}}}')",
    itself="({x} #>> '{{}}')",
    each="CROSS JOIN LATERAL JSONB_ARRAY_ELEMENTS("
    "CASE JSONB_TYPEOF({x}) WHEN 'array' THEN {x} END) AS u{n}(part{n})",
    each_or_none="LEFT JOIN LATERAL JSONB_ARRAY_ELEMENTS("
    "CASE JSONB_TYPEOF({x}) WHEN 'array' THEN {x} END) AS u{n}(part{n}) ON TRUE",
    element="u{n}.part{n}",
    null="CAST(NULL AS TEXT)",
    longest=63,
    real="FLOAT8",
)
SPARK = Dialect(
    name="spark",
    quote="`",
    root="$",
    text="CAST({x} AS STRING)",
    number="TRY_CAST({x} AS DOUBLE)",
    whole="TRY_CAST({x} AS BIGINT)",
    micros="CAST(FLOOR({x} / 1000000) AS BIGINT)",
    moment="TRY_CAST({x} AS TIMESTAMP)",
    seconds="UNIX_SECONDS({x})",
    nested="TO_JSON({x})",
    written="CAST({x} AS STRING)",
    field="GET_JSON_OBJECT({x}, '{path}')",
    part="GET_JSON_OBJECT({x}, '{path}')",
    itself="{x}",
    each="LATERAL VIEW EXPLODE(FROM_JSON({x}, 'array<string>')) u{n} AS part{n}",
    each_or_none="LATERAL VIEW OUTER EXPLODE(FROM_JSON({x}, 'array<string>')) u{n} AS part{n}",
    element="u{n}.part{n}",
    null="CAST(NULL AS STRING)",
)
BIGQUERY = Dialect(
    name="bigquery",
    quote="`",
    root="$",
    text="CAST({x} AS STRING)",
    number="SAFE_CAST({x} AS FLOAT64)",
    whole="SAFE_CAST({x} AS INT64)",
    micros="CAST(FLOOR({x} / 1000000) AS INT64)",
    moment="SAFE_CAST({x} AS TIMESTAMP)",
    seconds="UNIX_SECONDS({x})",
    nested="TO_JSON({x})",
    written="SAFE.PARSE_JSON({x})",
    field="JSON_VALUE({x}, '{path}')",
    part="JSON_QUERY({x}, '{path}')",
    itself="JSON_VALUE({x}, '$')",
    each="CROSS JOIN UNNEST(JSON_QUERY_ARRAY({x})) AS part{n}",
    each_or_none="LEFT JOIN UNNEST(JSON_QUERY_ARRAY({x})) AS part{n}",
    element="part{n}",
    null="CAST(NULL AS STRING)",
    real="FLOAT64",
)
SNOWFLAKE = Dialect(
    name="snowflake",
    quote="",
    root="",
    text="CAST({x} AS VARCHAR)",
    number="TRY_TO_DOUBLE({x})",
    whole="TRY_TO_NUMBER({x})",
    micros="CAST(FLOOR({x} / 1000000) AS BIGINT)",
    moment="TRY_TO_TIMESTAMP_TZ({x})",
    seconds="DATE_PART(EPOCH_SECOND, {x})",
    nested="TO_VARIANT({x})",
    written="TRY_PARSE_JSON(CAST({x} AS VARCHAR))",
    field="CAST(GET_PATH({x}, '{path}') AS VARCHAR)",
    part="GET_PATH({x}, '{path}')",
    itself="CAST({x} AS VARCHAR)",
    each="CROSS JOIN LATERAL FLATTEN(INPUT => {x}) AS u{n}",
    each_or_none="CROSS JOIN LATERAL FLATTEN(INPUT => {x}, OUTER => TRUE) AS u{n}",
    element="u{n}.VALUE",
    null="CAST(NULL AS VARCHAR)",
)
DIALECTS = {d.name: d for d in (BIGQUERY, SNOWFLAKE, SPARK, POSTGRES, DUCKDB)}
