"""Past one machine: the warehouse sums up, and a model and everybody's brands come of its table."""

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from app.modeling.batch_export import export_lists
from app.modeling.batch_part import EVIDENCE_PARTS, ExportSpec
from app.modeling.training import tune_and_fit
from app.storage.event_store.store import EventStore
from app.storage.evidence_table import EvidenceTable
from app.storage.ingest.pipeline import ingest
from app.storage.warehouse.evidence_columns import EVIDENCE_COLUMNS, SUM_COLUMNS
from app.storage.warehouse.export_sql import evidence_statement
from app.storage.warehouse.schemas.dialects import DIALECTS
from app.workspace.workspace import Workspace
from recsys.dataset.evidence import Feature
from recsys.dataset.interactions import Interactions
from recsys.errors import BadEventsError, BadInputError
from recsys.models.hybrid import FitOptions, ScoreWeights
from tests.app.modeling.test_batch_export import SMALL, order, read
from tests.support.cli_runner import brandswipe
from tests.support.event_files import write
from tests.support.planted_shops import silent
from tests.support.reference_aggregation import (
    HIDDEN,
    PRODUCTS,
    by_duckdb,
    by_ourselves,
    in_file,
    odd_log,
)
from tests.support.schema_logs import LOGS, NOW

SNAPSHOTS = Path(__file__).parent / "expected_sql"
QUICK = {"factors": 8, "iterations": 2, "weights": ScoreWeights(1.0, 0.3, 0.1)}


@pytest.fixture(scope="module")
def summed(planted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The planted shop, summed up by the query. Do not write."""
    shop = planted.parent / "shop"
    out = tmp_path_factory.mktemp("summed") / "evidence.parquet"
    return by_duckdb(out, shop / "events.parquet", shop / "products.parquet")


# ---------------------------------------------------------------- the query


def test_the_query_sums_up_what_we_sum_up_to_the_last_cent(
    planted_house: Workspace, summed: Path
) -> None:
    ours, theirs = by_ourselves(planted_house.event_store), in_file(summed)
    assert len(ours) > 10_000
    hidden = {brand for _, brand in theirs.keys() - ours.keys()}
    assert {pair: theirs[pair] for pair in ours} == ours
    catalogue = planted_house.event_store.catalog
    sensitive = {str(name).lower() for name in catalogue.brands[catalogue.brand_sensitive]}
    assert hidden <= sensitive  # such brands are left out when the table is read


@pytest.mark.parametrize("with_products", [False, True])
def test_what_an_import_leaves_out_or_mends_the_query_does_as_well(
    tmp_path: Path, with_products: bool
) -> None:
    events = write(odd_log(), tmp_path / "log.parquet")
    products = write(PRODUCTS, tmp_path / "products.parquet") if with_products else None
    named = None if products is None else str(products)
    ingest(tmp_path / "ws", str(events), products=named, now=NOW, max_bad=0.5)
    ours = by_ourselves(EventStore.open(tmp_path / "ws"))
    assert ours.keys() == {("ann", "lego"), ("ann", "nike"), ("bob", "lego")}
    assert in_file(by_duckdb(tmp_path / "out.parquet", events, products)) == ours


@pytest.mark.parametrize("name", LOGS)
def test_the_printed_query_sums_every_schema_up_as_it_is_imported(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = write(LOGS[name](), tmp_path / "log.parquet")
    ingest(tmp_path / "ws", str(events), now=NOW)
    monkeypatch.chdir(tmp_path)
    with duckdb.connect() as con:
        con.execute(evidence_statement("duckdb", name, f"'{events}'", HIDDEN))
    table = tmp_path / "evidence.parquet"
    assert in_file(table) == by_ourselves(EventStore.open(tmp_path / "ws"))
    assert EvidenceTable.open(str(table)).as_of == EventStore.open(tmp_path / "ws").as_of


@pytest.mark.parametrize("engine", DIALECTS)
def test_the_query_of_every_engine_is_the_one_on_file(engine: str) -> None:
    sql = evidence_statement(engine, "ga4", sensitive_words=HIDDEN, products="products")
    assert sql + "\n" == (SNAPSHOTS / f"{engine}_evidence.sql").read_text(encoding="utf-8")


# ---------------------------------------------------------------- what comes of the table


@pytest.mark.parametrize("sample", [1.0, 0.4])
def test_a_model_of_the_table_is_that_of_the_events(
    planted_house: Workspace, summed: Path, sample: float
) -> None:
    options = FitOptions(**QUICK, sample=sample, seed=3)  # type: ignore[arg-type]
    asked = (planted_house.event_store, planted_house.policy, options, silent)
    wanted, lesson, _ = tune_and_fit(*asked)
    found, same, _ = tune_and_fit(*asked, evidence_table=EvidenceTable.open(str(summed)))
    assert len(lesson) == len(same)
    assert lesson.n_customers == same.n_customers
    assert wanted.arrays().keys() == found.arrays().keys()
    for name, array in wanted.arrays().items():
        np.testing.assert_array_equal(found.arrays()[name], array)


def test_a_table_is_read_in_parts_that_end_between_two_customers(
    planted_house: Workspace, summed: Path
) -> None:
    table, catalogue = EvidenceTable.open(str(summed)), planted_house.event_store.catalog
    large = list(table.read_sample(catalogue, 1.0, 0))
    small = list(table.read_sample(catalogue, 1.0, 0, chunk=200))
    assert len(small) > 10 * len(large)
    brands = len(catalogue.brands)
    lessons = Interactions.from_evidence(large, brands), Interactions.from_evidence(small, brands)
    for name in Interactions.__slots__:
        assert np.array_equal(*(getattr(lesson, name) for lesson in lessons)), name
    assert list(table.read_sample(catalogue, 0.0, 0)) == []


def of_table(house: Workspace, table: EvidenceTable, **more: Any) -> ExportSpec:
    return order(house, evidence=table.digest, **more)


def by_place(lists: pd.DataFrame) -> list[tuple[Any, ...]]:
    rows = lists.sort_values(["customer", "rank"]).itertuples(index=False)
    return [tuple(map(str, row)) for row in rows]


def test_everybodys_brands_of_the_table_are_those_of_the_events(
    planted_house: Workspace, summed: Path, tmp_path: Path
) -> None:
    arms = {"model": 60, "baseline": 30, "none": 10}
    table = EvidenceTable.open(str(summed))
    export_lists(planted_house, order(planted_house, arms=arms), tmp_path / "a", 1, silent)
    asked = of_table(planted_house, table, arms=arms)
    export_lists(planted_house, asked, tmp_path / "b", 2, silent, table)
    events, found = read(tmp_path / "a"), read(tmp_path / "b")
    listed = set(found["customer"])
    assert set(events["customer"]) - listed == idle(planted_house.event_store, summed)
    assert by_place(found) == by_place(events[events["customer"].isin(listed)])
    assert {file.name for file in (tmp_path / "b").iterdir()} == {
        "carousels.json", *(f"part-{n:05d}.parquet" for n in range(-(-table.customers // SMALL)))
    }  # fmt: skip


def idle(store: EventStore, summed: Path) -> set[str]:
    """Customers without a brand: an event of theirs is imported, and no row sums it up."""
    return set(store.customer_ids()) - {who for who, _ in in_file(summed)}


def test_a_run_that_was_stopped_goes_on_with_the_table_as_it_was_cut(
    planted_house: Workspace, summed: Path, tmp_path: Path
) -> None:
    table, out = EvidenceTable.open(str(summed)), tmp_path / "out"
    asked = of_table(planted_house, table)

    def stop(stage: str, _: float) -> None:
        if stage.startswith("listing"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_lists(planted_house, asked, out, 1, stop, table)
    assert (out / EVIDENCE_PARTS).is_dir()
    told: list[str] = []
    export_lists(planted_house, asked, out, 1, lambda stage, _: told.append(stage), table)
    assert set(told) == {"listing everybody's brands"}
    export_lists(planted_house, asked, tmp_path / "whole", 1, silent, table)
    names = sorted(file.name for file in out.iterdir())
    assert names == sorted(file.name for file in (tmp_path / "whole").iterdir())
    assert all((out / n).read_bytes() == (tmp_path / "whole" / n).read_bytes() for n in names)


def test_who_was_taken_out_of_the_shop_is_left_out_of_its_table(summed: Path) -> None:
    whole, less = (
        EvidenceTable.open(str(summed)),
        EvidenceTable.open(str(summed), "c0000007".__eq__),
    )
    assert less.customers == whole.customers - 1


def test_the_line_from_the_table_to_everybodys_brands_runs_on_the_terminal(
    workspace: Path, summed: Path, tmp_path: Path
) -> None:
    rows = pd.read_parquet(summed)
    rows.loc[:99, "brand"] = [f"stranger {n}" for n in range(100)]
    rows.to_parquet(tmp_path / "evidence.parquet")
    table, out = str(tmp_path / "evidence.parquet"), tmp_path / "out"
    quick = ("--factors", "8", "--iterations", "2", "--weights", "1,0.3,0.1", "--evidence", table)
    fitted = brandswipe("model", "fit", *quick, workspace=workspace)
    assert fitted.code == 0, fitted.err
    assert f"100 of {len(rows):,} rows of evidence are of brands" in fitted.err
    version = fitted.out.strip()
    assert "summed up by the" in brandswipe("model", "card", version, workspace=workspace).out
    asked = ("--model", version, "--evidence", table, "--out", str(out))
    said = brandswipe("release", "export", *asked, workspace=workspace)
    assert said.code == 0, said.err
    assert f"{rows['customer_id'].nunique():,} customers" in said.err
    assert read(out)["customer"].nunique() == rows["customer_id"].nunique()


# ---------------------------------------------------------------- what is no such table


def rows_of(summed: Path) -> pd.DataFrame:
    return pd.read_parquet(summed).head(40)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda rows: rows.drop(columns="dear"),
            "it lacks dear: make it with brandswipe data aggregate",
        ),
        (lambda rows: rows.assign(views=-1), "40 of 40 rows of evidence lack"),
        (lambda rows: rows.assign(brand=None), "40 of 40 rows of evidence lack"),
        (lambda rows: rows.assign(carts="many"), "40 of 40 rows of evidence lack"),
        (lambda rows: pd.concat([rows, rows]), "40 customers and brands are there twice"),
        (lambda rows: rows.assign(as_of=range(40)), "more than one table"),
        (lambda rows: rows.head(0), "There is no row"),
    ],
)
def test_a_table_that_cannot_be_one_is_told_why(
    summed: Path, tmp_path: Path, spoil: Any, words: str
) -> None:
    spoil(rows_of(summed)).to_parquet(tmp_path / "evidence.parquet")
    with pytest.raises(BadEventsError, match=words):
        EvidenceTable.open(str(tmp_path))


def test_the_case_of_columns_and_csv_are_no_matter(summed: Path, tmp_path: Path) -> None:
    rows = rows_of(summed)
    rows.rename(columns=str.upper).to_csv(tmp_path / "evidence.csv", index=False)
    assert EvidenceTable.open(str(tmp_path / "evidence.csv")).pairs == len(rows)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["aggregate"], "Which warehouse"),
        (["aggregate", "log.csv"], "Which warehouse"),
        (["aggregate", "--print-sql", "spark"], "needs --schema"),
        (["aggregate", "oracle://shop", "--table", "events"], "No engine is supported"),
        (["aggregate", "postgres://shop/db"], "Name it with --table"),
        (["aggregate", "postgres://shop/db", "--table", "t", "--out", "."], "directory"),
    ],
)
def test_a_wrong_wish_ends_in_a_sentence(arguments: list[str], words: str) -> None:
    said = brandswipe("data", *arguments)
    assert said.code == 2
    assert words in said.err


def test_a_table_is_one_whole_and_has_no_window(planted: Path, summed: Path) -> None:
    said = brandswipe(
        "model", "fit", "--evidence", str(summed), "--since", "2025-01-01", workspace=planted
    )
    assert said.code == 2
    assert "leave --events, --since and --until out" in said.err


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    from app.storage.warehouse.engines import export_evidence as fetch

    (tmp_path / "evidence.parquet").write_text("mine")
    with pytest.raises(BadInputError, match="is there already"):
        fetch("postgres://shop/db", "t", "auto", (), None, tmp_path / "evidence.parquet")
    assert (tmp_path / "evidence.parquet").read_text() == "mine"


def test_the_columns_of_a_table_are_in_the_order_of_the_sums() -> None:
    assert list(SUM_COLUMNS.values()) == list(Feature)
    assert EVIDENCE_COLUMNS[:5] == ("customer_id", "brand", "as_of", "first_at", "last_at")
    assert EVIDENCE_COLUMNS[5:8] == ("purchases", "views", "wishlists")
    assert EVIDENCE_COLUMNS[-4:] == ("looked_365", "purchase_days", "products", "categories")
