"""An A/B test of a carousel in the shop, read from files of exposures and outcomes."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from app.reports.release import check_release
from app.storage.event_store.transaction import duckdb_engine
from app.storage.ingest import readers
from app.storage.ingest.readers import LoadedFiles
from app.storage.ingest.schema_detection import columns_of
from app.storage.ingest.validation import KIND_SQL
from recsys.ab_test.analysis import (
    ENGAGED,
    MODEL_VARIANT,
    OUTCOMES,
    ABTestAnalysis,
    StudyAgreement,
    analyze_ab_test,
    compare_with_study,
)
from recsys.dataset.events import Col
from recsys.errors import BadEventsError, BadInputError

VARIANT_COLUMN = "arm"
_EXPORT_CUSTOMER_COLUMN = "customer"
_EVENT_KINDS = {
    "clicked": ("click",),
    "viewed": ("view", "page_view"),
    "bought": ("purchase", "order"),
}


@dataclass(frozen=True, slots=True)
class ABTestResult:
    """The result of an A/B test."""

    analysis: ABTestAnalysis
    in_two_variants: int  # customers in more than one variant; they count in none
    unmatched_outcomes: int  # no exposed customer, before the exposure, or for another brand
    study: str | None = None
    study_agreement: StudyAgreement | None = None


def read_ab_test(
    exposures: str,
    outcomes: str,
    planned_shares: Mapping[str, float] | None = None,
    release: Path | None = None,
) -> ABTestResult:
    """Read and analyze an A/B test.

    `exposures` and `outcomes` are files, folders or globs with one row per exposure or outcome. The
    files that `brandswipe release export` wrote with arms are exposures too: each customer was
    shown the list in the file. `planned_shares` are the planned shares of customers by variant, and
    `release` is the folder of the tested release.

    Raises BadEventsError or BadInputError.
    """
    with tempfile.TemporaryDirectory() as folder, duckdb_engine(Path(folder)) as con:
        loaded_exposures = _load_view(
            con, "exposures", exposures, (Col.CUSTOMER, VARIANT_COLUMN, Col.TS, Col.BRAND), folder
        )
        columns = (Col.CUSTOMER, Col.TS, Col.EVENT, Col.BRAND)
        loaded_outcomes = _load_view(con, "outcomes", outcomes, columns, folder)
        _require_columns(loaded_exposures, {Col.CUSTOMER, VARIANT_COLUMN}, "exposures")
        _require_columns(loaded_outcomes, {Col.CUSTOMER, Col.EVENT}, "outcomes")
        by_brand = Col.BRAND in loaded_exposures.columns and Col.BRAND in loaded_outcomes.columns
        _match_outcomes(con, by_brand)
        analysis, in_two_variants, unmatched_outcomes = _analyze_matched(
            con, planned_shares, _variants_without_brands(con) if by_brand else ()
        )
    study, study_agreement = (
        (None, None) if release is None else _study_agreement(release, analysis)
    )
    return ABTestResult(analysis, in_two_variants, unmatched_outcomes, study, study_agreement)


def _load_view(
    con: duckdb.DuckDBPyConnection, view: str, source: str, columns: tuple[str, ...], folder: str
) -> LoadedFiles:
    files = readers.find_files(source)
    event_files = (*files.events, *files.products)
    names = {name.lower() for file in event_files for name in columns_of(file)}
    rename = {} if Col.CUSTOMER in names else {_EXPORT_CUSTOMER_COLUMN: Col.CUSTOMER}
    return readers.load_files(con, view, event_files, columns, rename, Path(folder))


def _require_columns(loaded: LoadedFiles, names: set[str], file_kind: str) -> None:
    missing = sorted(names - loaded.columns)
    if missing:
        raise BadEventsError(
            f"The {file_kind} have no column {' and '.join(missing)}; they need "
            f"{', '.join(sorted(names))}, with times in ts and brands in brand where there are any."
        )


def _match_outcomes(con: duckdb.DuckDBPyConnection, by_brand: bool) -> None:
    """Create the tables `people`, one row per exposed customer, and `deeds`, of matched outcomes.

    people: id, arm (variant), since (first exposure, 0 without times), twice (several variants).
    deeds: id, deed (key of _EVENT_KINDS, NULL for other events). An outcome matches if it has no
    time or is not before `since`, and with `by_brand` only for a brand shown to the customer.
    """
    con.execute(
        f"""CREATE TABLE people AS SELECT {Col.CUSTOMER} AS id, min({VARIANT_COLUMN}) AS arm,
        coalesce(min({Col.TS}), 0) AS since, count(DISTINCT {VARIANT_COLUMN}) > 1 AS twice
        FROM exposures WHERE {Col.CUSTOMER} IS NOT NULL AND {VARIANT_COLUMN} IS NOT NULL
        GROUP BY 1"""
    )
    brand = f"lower(trim({Col.BRAND}))"
    brand_join = (
        f"SEMI JOIN (SELECT DISTINCT {Col.CUSTOMER} AS id, {brand} AS brand FROM exposures) shown "
        "ON shown.id = o.id AND shown.brand = o.brand"
    )
    kind_cases = " ".join(
        f"WHEN o.kind = '{kind}' THEN '{name}'"
        for name, kinds in _EVENT_KINDS.items()
        for kind in kinds
    )
    con.execute(
        f"""CREATE TABLE deeds AS SELECT o.id, CASE {kind_cases} END AS deed FROM
        (SELECT {Col.CUSTOMER} AS id, {Col.TS} AS ts, {brand} AS brand,
        {KIND_SQL} AS kind FROM outcomes) o
        JOIN people p ON p.id = o.id AND coalesce(o.ts, p.since) >= p.since
        {brand_join if by_brand else ""}"""
    )


def _variants_without_brands(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the variants that showed no brand to anybody, so that none of their outcomes count."""
    sql = (
        f"SELECT {VARIANT_COLUMN} FROM exposures WHERE {VARIANT_COLUMN} IS NOT NULL GROUP BY "
        "1 HAVING count(brand) = 0"
    )
    return [arm for (arm,) in con.execute(sql).fetchall()]


def _analyze_matched(
    con: duckdb.DuckDBPyConnection,
    planned_shares: Mapping[str, float] | None,
    variants_without_brands: Sequence[str],
) -> tuple[ABTestAnalysis, int, int]:
    n_exposed, n_in_two_variants, n_outcomes, n_matched = _single_row(
        con,
        "SELECT (SELECT count(*) FROM people), (SELECT count(*) FROM people WHERE twice), "
        "(SELECT count(*) FROM outcomes), (SELECT count(deed) FROM deeds)",
    )
    if not n_exposed:
        raise BadEventsError("There is no exposure in these files; export them again.")
    if not n_matched:
        raise BadEventsError(
            f"None of the {n_outcomes:,} outcomes is a click, view or purchase of an exposed "
            "customer, of a brand that was shown, at or after the exposure; check customers, "
            "brands, events and times."
        )
    flags = ", ".join(f"count(*) FILTER (deed = '{name}') > 0 AS {name}" for name in _EVENT_KINDS)
    rows: dict[str, Any] = con.sql(
        f"""SELECT arm, {flags} FROM people LEFT JOIN deeds USING (id) WHERE NOT twice
        GROUP BY id, arm"""
    ).fetchnumpy()
    variants = sorted(
        {*rows["arm"].tolist(), *(planned_shares or ())},
        key=lambda name: (name != MODEL_VARIANT, name),
    )
    # one row per customer in exactly one variant: outcome -> (n,) flags; variant_index: (n,)
    outcomes_by_measure = {name: np.asarray(rows[name], dtype=np.bool_) for name in _EVENT_KINDS}
    outcomes_by_measure[ENGAGED] = np.logical_or.reduce(
        [outcomes_by_measure[name] for name in OUTCOMES if name in outcomes_by_measure]
    )
    variant_index = np.array([variants.index(name) for name in rows["arm"]], dtype=np.int64)
    return (
        analyze_ab_test(
            variants,
            variant_index,
            outcomes_by_measure,
            planned_shares,
            not_shown=variants_without_brands,
        ),
        n_in_two_variants,
        n_outcomes - n_matched,
    )


def _single_row(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    ((*numbers,),) = con.execute(sql).fetchall()
    return tuple(numbers)


def _study_agreement(release: Path, analysis: ABTestAnalysis) -> tuple[str, StudyAgreement | None]:
    """Return the study of a release, and how its lift agrees with the variant `baseline`."""
    verdict = check_release(release)["verdict"]
    lift = next((c for c in verdict["criteria"] if c["name"] == "lift"), None)
    if "baseline" not in analysis.differences:
        raise BadInputError(
            "The swipe study compared the model with its simple rival, and no arm is called "
            "baseline; leave out --release."
        )
    if lift is None or None in (lift["value"], lift["low"], lift["high"]):
        return verdict["study"], None
    score = (lift["value"], lift["low"], lift["high"])
    return verdict["study"], compare_with_study(score, analysis.differences["baseline"][ENGAGED])
