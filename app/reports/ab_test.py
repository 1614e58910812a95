"""Exposures and outcomes of a carousel in the shop -> what each customer did."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from app.reports.release import check
from app.storage.event_store.transaction import engine
from app.storage.ingest import readers
from app.storage.ingest.readers import Loaded
from app.storage.ingest.schema_detection import columns_of
from app.storage.ingest.validation import KIND_SQL
from recsys.ab_test.analysis import ENGAGED, MEASURES, OURS, Foretold, Readout, foretold, read
from recsys.dataset.events import Col
from recsys.errors import BadEventsError, BadInputError

ARM = "arm"
_AS_CAROUSELS_SAY = "customer"
_KINDS = {"clicked": ("click",), "viewed": ("view", "page_view"), "bought": ("purchase", "order")}


@dataclass(frozen=True, slots=True)
class Told:
    """What the files of an A/B test say."""

    readout: Readout
    twice: int  # customers who were in two arms and count in none
    others: int  # outcomes of nobody who was exposed, before it, or of another brand
    study: str | None = None
    foretold: Foretold | None = None


def tell(
    exposures: str,
    outcomes: str,
    planned: Mapping[str, float] | None = None,
    release: Path | None = None,
) -> Told:
    """Read an A/B test: files, folders or globs with one row an exposure and one an outcome.

    The parts that `carousels` wrote with arms are exposures as well: everybody was shown hers.

    `planned` is what share each arm was to get, `release` the folder of what was released. Raises
    BadEventsError or BadInputError.
    """
    with tempfile.TemporaryDirectory() as folder, engine(Path(folder)) as con:
        seen = _load(con, "exposures", exposures, (Col.CUSTOMER, ARM, Col.TS, Col.BRAND), folder)
        columns = (Col.CUSTOMER, Col.TS, Col.EVENT, Col.BRAND)
        came = _load(con, "outcomes", outcomes, columns, folder)
        _require(seen, {Col.CUSTOMER, ARM}, "exposures")
        _require(came, {Col.CUSTOMER, Col.EVENT}, "outcomes")
        by_brand = Col.BRAND in seen.columns and Col.BRAND in came.columns
        _match(con, by_brand)
        said, twice, others = _read(con, planned, _blank(con) if by_brand else ())
    study, before = (None, None) if release is None else _foretold(release, said)
    return Told(said, twice, others, study, before)


def _load(
    con: duckdb.DuckDBPyConnection, view: str, where: str, columns: tuple[str, ...], folder: str
) -> Loaded:
    files = readers.find(where)
    every = (*files.events, *files.products)
    names = {name.lower() for file in every for name in columns_of(file)}
    rename = {} if Col.CUSTOMER in names else {_AS_CAROUSELS_SAY: Col.CUSTOMER}
    return readers.load(con, view, every, columns, rename, Path(folder))


def _require(loaded: Loaded, names: set[str], what: str) -> None:
    lacks = sorted(names - loaded.columns)
    if lacks:
        raise BadEventsError(
            f"The {what} have no column {' and '.join(lacks)}; they need "
            f"{', '.join(sorted(names))}, with times in ts and brands in brand where there are any."
        )


def _match(con: duckdb.DuckDBPyConnection, by_brand: bool) -> None:
    """Make `people`, one row a customer in one arm, and `deeds`, the outcomes that are hers."""
    con.execute(
        f"""CREATE TABLE people AS SELECT {Col.CUSTOMER} AS id, min({ARM}) AS arm,
        coalesce(min({Col.TS}), 0) AS since, count(DISTINCT {ARM}) > 1 AS twice
        FROM exposures WHERE {Col.CUSTOMER} IS NOT NULL AND {ARM} IS NOT NULL GROUP BY 1"""
    )
    brand = f"lower(trim({Col.BRAND}))"
    hers = (
        f"SEMI JOIN (SELECT DISTINCT {Col.CUSTOMER} AS id, {brand} AS brand FROM exposures) shown "
        "ON shown.id = o.id AND shown.brand = o.brand"
    )
    whens = " ".join(
        f"WHEN o.kind = '{kind}' THEN '{name}'" for name, kinds in _KINDS.items() for kind in kinds
    )
    con.execute(
        f"""CREATE TABLE deeds AS SELECT o.id, CASE {whens} END AS deed FROM
        (SELECT {Col.CUSTOMER} AS id, {Col.TS} AS ts, {brand} AS brand,
        {KIND_SQL} AS kind FROM outcomes) o
        JOIN people p ON p.id = o.id AND coalesce(o.ts, p.since) >= p.since
        {hers if by_brand else ""}"""
    )


def _blank(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The arms in which nobody was shown a brand: nothing that is done there could count."""
    sql = f"SELECT {ARM} FROM exposures WHERE {ARM} IS NOT NULL GROUP BY 1 HAVING count(brand) = 0"
    return [arm for (arm,) in con.execute(sql).fetchall()]


def _read(
    con: duckdb.DuckDBPyConnection, planned: Mapping[str, float] | None, blank: Sequence[str]
) -> tuple[Readout, int, int]:
    every, twice, came, matched = _row(
        con,
        "SELECT (SELECT count(*) FROM people), (SELECT count(*) FROM people WHERE twice), "
        "(SELECT count(*) FROM outcomes), (SELECT count(deed) FROM deeds)",
    )
    if not every:
        raise BadEventsError("There is no exposure in these files; export them again.")
    if not matched:
        raise BadEventsError(
            f"None of the {came:,} outcomes is a click, view or purchase of an exposed customer, "
            "of a brand she was shown and after it; check customers, brands, events and times."
        )
    flags = ", ".join(f"count(*) FILTER (deed = '{name}') > 0 AS {name}" for name in _KINDS)
    rows: dict[str, Any] = con.sql(
        f"""SELECT arm, {flags} FROM people LEFT JOIN deeds USING (id) WHERE NOT twice
        GROUP BY id, arm"""
    ).fetchnumpy()
    names = sorted({*rows["arm"].tolist(), *(planned or ())}, key=lambda name: (name != OURS, name))
    did = {name: np.asarray(rows[name], dtype=np.bool_) for name in _KINDS}
    did[ENGAGED] = np.logical_or.reduce([did[name] for name in MEASURES if name in did])
    arm = np.array([names.index(name) for name in rows["arm"]], dtype=np.int64)
    return read(names, arm, did, planned, blank=blank), twice, came - matched


def _row(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    ((*numbers,),) = con.execute(sql).fetchall()
    return tuple(numbers)


def _foretold(release: Path, said: Readout) -> tuple[str, Foretold | None]:
    """What the certificate of a release said of its rival; the shop's rival is `baseline`."""
    verdict = check(release)["verdict"]
    lift = next((c for c in verdict["criteria"] if c["name"] == "lift"), None)
    if "baseline" not in said.differences:
        raise BadInputError(
            "The swipe study compared the model with its simple rival, and no arm is called "
            "baseline; leave out --release."
        )
    if lift is None or None in (lift["value"], lift["low"], lift["high"]):
        return verdict["study"], None
    score = (lift["value"], lift["low"], lift["high"])
    return verdict["study"], foretold(score, said.differences["baseline"][ENGAGED])
