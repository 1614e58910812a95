"""SQL templates of each engine for what the schemas need: JSON, times, numbers and lists.

Every engine reads nested columns as JSON, so that a schema is defined only once. In a template
{x} is a SQL expression, {path} a JSON path, {n} the number of the unrolled list.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """SQL templates of one engine."""

    name: str
    quote: str
    path_root: str | None  # start of a JSON path; None: the path is a comma-separated list
    text: str  # a plain value as text
    number: str  # a text as a number; NULL if it is not one
    integer: str  # a text as a whole number; NULL if it is not one
    seconds_from_micros: str  # integer microseconds as whole seconds, rounded down
    timestamp: str  # a text or a time as a timestamp; NULL if it is not one
    seconds: str  # a timestamp as whole seconds since 1970
    to_json: str  # a column of lists or records as JSON
    parse_json: str  # a text column that holds JSON, as JSON
    json_text: str  # a value inside JSON as text
    json_value: str  # a value inside JSON as JSON
    json_scalar: str  # a JSON string as text
    unroll: str  # join: one row per element of a JSON list
    unroll_or_null: str  # the same; one row with NULL if there is no element
    element: str  # name of an element after the join
    null_text: str  # NULL of type text
    max_name_length: int = 255  # characters in a column name
    double: str = "DOUBLE"  # type name of a 64-bit float


_CHECKED_CAST = "CASE WHEN {{x}} ~ '{pattern}' THEN CAST({{x}} AS {kind}) END"
_PG_NUMBER = _CHECKED_CAST.format(
    pattern=r"^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$", kind="FLOAT8"
)
_PG_INTEGER = _CHECKED_CAST.format(pattern=r"^-?[0-9]{{1,18}}$", kind="BIGINT")
_PG_TIMESTAMP = _CHECKED_CAST.format(
    pattern=r"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}", kind="TIMESTAMPTZ"
)

DUCKDB = Dialect(
    name="duckdb",
    quote='"',
    path_root="$",
    text="CAST({x} AS VARCHAR)",
    number="TRY_CAST({x} AS DOUBLE)",
    integer="TRY_CAST({x} AS BIGINT)",
    seconds_from_micros="{x} // 1000000",
    timestamp="TRY_CAST({x} AS TIMESTAMPTZ)",
    seconds="CAST(FLOOR(EPOCH({x})) AS BIGINT)",
    to_json="TO_JSON({x})",
    parse_json="TRY_CAST({x} AS JSON)",
    json_text="JSON_EXTRACT_STRING({x}, '{path}')",
    json_value="JSON_EXTRACT({x}, '{path}')",
    json_scalar="JSON_EXTRACT_STRING({x}, '$')",
    unroll="CROSS JOIN UNNEST(CASE JSON_TYPE({x}) WHEN 'ARRAY' THEN CAST({x} AS JSON[]) END) "
    "AS u{n}(part{n})",
    unroll_or_null=(
        "LEFT JOIN UNNEST(CASE JSON_TYPE({x}) WHEN 'ARRAY' THEN CAST({x} AS JSON[]) "
        "END) AS u{n}(part{n}) ON TRUE"
    ),
    element="u{n}.part{n}",
    null_text="CAST(NULL AS VARCHAR)",
)
POSTGRES = Dialect(
    name="postgres",
    quote='"',
    path_root=None,
    text="CAST({x} AS TEXT)",
    number=_PG_NUMBER,
    integer=_PG_INTEGER,
    seconds_from_micros="FLOOR({x} / 1000000.0)::BIGINT",
    timestamp=_PG_TIMESTAMP,
    seconds="CAST(FLOOR(EXTRACT(EPOCH FROM {x})) AS BIGINT)",
    to_json="CAST({x} AS JSONB)",
    parse_json="CAST({x} AS JSONB)",
    json_text="({x} #>> '{{{path}}}')",
    json_value="({x} #> '{{{path}}}')",
    json_scalar="({x} #>> '{{}}')",
    unroll="CROSS JOIN LATERAL JSONB_ARRAY_ELEMENTS("
    "CASE JSONB_TYPEOF({x}) WHEN 'array' THEN {x} END) AS u{n}(part{n})",
    unroll_or_null="LEFT JOIN LATERAL JSONB_ARRAY_ELEMENTS("
    "CASE JSONB_TYPEOF({x}) WHEN 'array' THEN {x} END) AS u{n}(part{n}) ON TRUE",
    element="u{n}.part{n}",
    null_text="CAST(NULL AS TEXT)",
    max_name_length=63,
    double="FLOAT8",
)
SPARK = Dialect(
    name="spark",
    quote="`",
    path_root="$",
    text="CAST({x} AS STRING)",
    number="TRY_CAST({x} AS DOUBLE)",
    integer="TRY_CAST({x} AS BIGINT)",
    seconds_from_micros="CAST(FLOOR({x} / 1000000) AS BIGINT)",
    timestamp="TRY_CAST({x} AS TIMESTAMP)",
    seconds="UNIX_SECONDS({x})",
    to_json="TO_JSON({x})",
    parse_json="CAST({x} AS STRING)",
    json_text="GET_JSON_OBJECT({x}, '{path}')",
    json_value="GET_JSON_OBJECT({x}, '{path}')",
    json_scalar="{x}",
    unroll="LATERAL VIEW EXPLODE(FROM_JSON({x}, 'array<string>')) u{n} AS part{n}",
    unroll_or_null="LATERAL VIEW OUTER EXPLODE(FROM_JSON({x}, 'array<string>')) u{n} AS part{n}",
    element="u{n}.part{n}",
    null_text="CAST(NULL AS STRING)",
)
BIGQUERY = Dialect(
    name="bigquery",
    quote="`",
    path_root="$",
    text="CAST({x} AS STRING)",
    number="SAFE_CAST({x} AS FLOAT64)",
    integer="SAFE_CAST({x} AS INT64)",
    seconds_from_micros="CAST(FLOOR({x} / 1000000) AS INT64)",
    timestamp="SAFE_CAST({x} AS TIMESTAMP)",
    seconds="UNIX_SECONDS({x})",
    to_json="TO_JSON({x})",
    parse_json="SAFE.PARSE_JSON({x})",
    json_text="JSON_VALUE({x}, '{path}')",
    json_value="JSON_QUERY({x}, '{path}')",
    json_scalar="JSON_VALUE({x}, '$')",
    unroll="CROSS JOIN UNNEST(JSON_QUERY_ARRAY({x})) AS part{n}",
    unroll_or_null="LEFT JOIN UNNEST(JSON_QUERY_ARRAY({x})) AS part{n}",
    element="part{n}",
    null_text="CAST(NULL AS STRING)",
    double="FLOAT64",
)
SNOWFLAKE = Dialect(
    name="snowflake",
    quote="",
    path_root="",
    text="CAST({x} AS VARCHAR)",
    number="TRY_TO_DOUBLE({x})",
    integer="TRY_TO_NUMBER({x})",
    seconds_from_micros="CAST(FLOOR({x} / 1000000) AS BIGINT)",
    timestamp="TRY_TO_TIMESTAMP_TZ({x})",
    seconds="DATE_PART(EPOCH_SECOND, {x})",
    to_json="TO_VARIANT({x})",
    parse_json="TRY_PARSE_JSON(CAST({x} AS VARCHAR))",
    json_text="CAST(GET_PATH({x}, '{path}') AS VARCHAR)",
    json_value="GET_PATH({x}, '{path}')",
    json_scalar="CAST({x} AS VARCHAR)",
    unroll="CROSS JOIN LATERAL FLATTEN(INPUT => {x}) AS u{n}",
    unroll_or_null="CROSS JOIN LATERAL FLATTEN(INPUT => {x}, OUTER => TRUE) AS u{n}",
    element="u{n}.VALUE",
    null_text="CAST(NULL AS VARCHAR)",
)
DIALECTS = {d.name: d for d in (BIGQUERY, SNOWFLAKE, SPARK, POSTGRES, DUCKDB)}
