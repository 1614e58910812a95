"""Everybody's brands out: as one person is told them, whole after a kill, with arms for a test."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from app.modeling.batch_export import export_lists
from app.modeling.batch_part import ExportSpec
from app.modeling.recommender import load_recommender
from app.storage.event_store.store import EventStore
from app.workspace.workspace import Workspace
from recsys.errors import BadInputError
from tests.app.storage.test_event_store import log, store_of
from tests.support.cli_runner import brandswipe
from tests.support.planted_shops import silent

SMALL = 400  # customers a part: the planted shop has some 1,500


def order(house: Workspace, **more: object) -> ExportSpec:
    return ExportSpec(house.version().hash, house.policy.to_dict(), 10, part=SMALL, **more)  # type: ignore[arg-type]


def read(out: Path) -> pd.DataFrame:
    tables = [pq.read_table(file).to_pandas() for file in sorted(out.glob("part-*.parquet"))]
    return pd.concat(tables, ignore_index=True)


def contents(out: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(out.iterdir())}


@pytest.fixture(scope="module")
def whole(planted_house: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everybody's lists, by one process. Do not write."""
    out = tmp_path_factory.mktemp("carousels") / "out"
    export_lists(planted_house, order(planted_house), out, 1, silent)
    return out


def test_every_customer_has_the_list_that_rank_gives_her(
    planted_house: Workspace, whole: Path
) -> None:
    lists = read(whole)
    assert list(lists) == ["customer", "brand", "rank", "reason", "featured", "popular"]
    assert lists["customer"].nunique() == planted_house.event_store.customers
    brain = load_recommender(planted_house)
    for customer in [*lists["customer"].unique()[::150], "persona-noor"]:
        ranked = brain.rank(brain.evidence_of(customer), 10)
        mine = lists[lists["customer"] == customer]
        assert mine["brand"].tolist() == [score.brand for score in ranked]
        assert mine["rank"].tolist() == list(range(1, 11))


def test_a_brand_brings_the_products_that_are_bought_most(
    planted_house: Workspace, whole: Path
) -> None:
    brain, lists = load_recommender(planted_house), read(whole)
    titles = dict(zip(brain.catalog.item_product, brain.catalog.item_title, strict=True))
    for row in lists.iloc[::2_000].itertuples():
        for products, shown in (
            (row.popular, brain.brand_products.most_bought(row.brand, 3)),
            (row.featured, brain.brand_products.featured(row.brand, 3)),
        ):
            assert [titles[product] for product in products] == [item.title for item in shown]


def test_processes_side_by_side_write_the_same_bytes(
    planted_house: Workspace, whole: Path, tmp_path: Path
) -> None:
    export_lists(planted_house, order(planted_house), tmp_path / "out", 2, silent)
    assert contents(tmp_path / "out") == contents(whole)


def test_a_run_that_was_killed_goes_on_and_leaves_nobody_behind(
    planted: Path, planted_house: Workspace, whole: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run = subprocess.Popen(
        [sys.executable, "-c", _RUN, str(planted), str(out)], start_new_session=True
    )
    try:
        _until(lambda: any(out.glob("part-*.parquet")))
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    _until(lambda: not _anybody_of(run.pid))
    there = {file.name for file in out.glob("part-*.parquet")}
    assert there
    (out / ".part-00003.parquet.new").write_bytes(b"half a part")
    told: list[float] = []
    export_lists(planted_house, order(planted_house), out, 1, lambda _, share: told.append(share))
    assert len(told) == len(list(out.glob("part-*.parquet"))) - len(there)
    assert contents(out) == contents(whole)


_RUN = """
import sys
from pathlib import Path
from app.modeling.batch_export import export_lists
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from tests.app.modeling.test_batch_export import order
if __name__ == "__main__":
    house = Workspace(Settings(workspace=Path(sys.argv[1])))
    export_lists(house, order(house), Path(sys.argv[2]), 2, lambda *_: None)
"""


def _anybody_of(session: int) -> bool:
    """Whether a process of that session lives."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            said = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(said[3]) == session and said[0] != "Z":
            return True
    return False


def _until(true: object) -> None:
    deadline = time.monotonic() + 60
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_two_orders_never_lie_in_one_folder(
    planted_house: Workspace, whole: Path, tmp_path: Path
) -> None:
    other = order(planted_house, arms={"model": 50, "none": 50})
    before = contents(whole)
    with pytest.raises(BadInputError, match="another model or other arms"):
        export_lists(planted_house, other, whole, 1, silent)
    assert contents(whole) == before
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(BadInputError, match="there already"):
        export_lists(planted_house, other, tmp_path, 1, silent)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_whole_run_again_writes_nothing(planted_house: Workspace, whole: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in whole.iterdir()}
    assert export_lists(planted_house, order(planted_house), whole, 2, silent) > 1_000
    assert {file: file.stat().st_mtime_ns for file in whole.iterdir()} == before


def test_arms_get_the_models_list_the_rivals_or_none(
    planted_house: Workspace, whole: Path, tmp_path: Path
) -> None:
    shares = {"model": 45, "baseline": 45, "none": 10}
    export_lists(
        planted_house, order(planted_house, arms=shares, seed=3), tmp_path / "a", 1, silent
    )
    lists = read(tmp_path / "a")
    arms = lists.drop_duplicates("customer").set_index("customer")["arm"]
    assert len(arms) == planted_house.event_store.customers
    assert arms.value_counts(normalize=True)["none"] == pytest.approx(0.10, abs=0.03)
    plain = read(whole).set_index("customer")["brand"]
    brain = load_recommender(planted_house)
    rival = brain.baseline("own-purchases-then-views")
    for arm, mine in lists.groupby("arm", observed=True):
        customer = str(mine["customer"].iloc[0])
        brands = mine[mine["customer"] == customer]["brand"]
        if arm == "none":
            assert brands.isna().tolist() == [True]
        elif arm == "model":
            assert brands.tolist() == plain[customer].tolist()
        else:
            ranked = rival.rank(brain.evidence_of(customer), 10)
            assert brands.tolist() == [score.brand for score in ranked]


def test_the_command_says_where_the_lists_are(workspace: Path, tmp_path: Path) -> None:
    out = tmp_path / "lists"
    said = brandswipe("release", "export", "--out", str(out), "--n", "3", workspace=workspace)
    assert (said.code, said.out.strip()) == (0, str(out))
    assert read(out)["rank"].max() == 3
    again = brandswipe("release", "export", "--out", str(out), "--n", "4", workspace=workspace)
    assert again.code == 2
    assert "name another folder" in again.err


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (["--arms", "model:45"], "add up to 45%"),
        (["--model", "beefbeef"], "model version"),
        (["--model", "."], "certificate.json"),
    ],
)
def test_a_wrong_order_ends_in_a_sentence(
    planted: Path, tmp_path: Path, asked: list[str], sentence: str
) -> None:
    out = str(tmp_path / "out")
    said = brandswipe("release", "export", "--out", out, *asked, workspace=planted)
    assert said.code == 2
    assert sentence in said.err
    assert not (tmp_path / "out").exists()


def test_ids_of_a_stretch_are_in_the_order_of_the_numbers_whatever_the_segments(
    tmp_path: Path,
) -> None:
    store: EventStore = store_of(tmp_path, log(60, 1), log(90, 2))
    ids = list(store.customer_ids())
    assert store.ids_between(5, 40).to_pylist() == ids[5:40]
    assert store.ids_between(70, 10**9).to_pylist() == ids[70:]
    numbers, rows = store.events_between(5, 40)
    assert set(numbers) == set(range(5, 40))
    assert len(rows) == sum(len(store.events_of(who)) for who in ids[5:40])
    assert len(store.events_between(10**6, 10**7)[1]) == 0
