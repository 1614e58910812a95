"""The line's other end: a live study releases, carousels go out, the shop reads its A/B test."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app.study.opening import open_study
from app.study.results import study_status
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from recsys.study.deck import Origin
from recsys.study.policy import StudyKind
from tests.support.cli_runner import brandswipe
from tests.support.closed_decks import panel
from tests.support.report_workspace import HONEST, play

ARMS = "model:45,baseline:45,none:10"


@pytest.fixture(scope="module")
def released(planted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a live study of real people released, and its carousels with arms. Do not write."""
    home = tmp_path_factory.mktemp("released")
    shutil.copytree(planted, home / "ws")
    house = Workspace(Settings(workspace=home / "ws"))
    model = house.version().hash
    row = open_study(house.store, "autumn", StudyKind.LIVE, house.policy, model, "popularity", 1)
    decks = [replace(p, deck=replace(p.deck, origin=Origin.OWN)) for p in panel(100, 3, **HONEST)]
    for start in range(0, len(decks), 5):
        play(house.store, row, decks[start : start + 5])
        if study_status(house.store, row).decision is not None:
            break
    house.close()
    release, out = str(home / "release"), str(home / "carousels")
    for asked in (
        ("release", "create", "--study", "autumn", "--out", release),
        ("release", "export", "--model", release, "--out", out, "--arms", ARMS, "--seed", "4"),
    ):
        said = brandswipe(*asked, workspace=home / "ws")
        assert said.code == 0, said.err
    return home


def lists_of(home: Path) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(part) for part in (home / "carousels").glob("*.parquet")])


def outcomes(lists: pd.DataFrame, rates: dict[str, float], file: Path) -> str:
    """So many customers of an arm click a brand of their own list; nobody else does anything."""
    rng = np.random.default_rng(6)
    firsts = lists[lists["rank"] == 1]
    clicked = firsts[rng.random(len(firsts)) < firsts["arm"].astype(str).map(rates)]
    came = clicked[["customer", "brand"]].rename(columns={"customer": "customer_id"})
    came.assign(event="click", ts=2000).to_csv(file, index=False)
    return str(file)


def test_the_carousels_are_the_exposures_that_the_readout_wants(
    released: Path, tmp_path: Path
) -> None:
    lists = lists_of(released)
    came = outcomes(lists, {"model": 0.4, "baseline": 0.1}, tmp_path / "outcomes.csv")
    asked = ("release", "ab-test", str(released / "carousels"), came, "--arms", ARMS)
    said = brandswipe(*asked, "--format", "json")
    assert said.code == 0, said.err
    arms = {arm["name"]: arm for arm in said.data["arms"]}
    dealt = lists.drop_duplicates("customer")["arm"].astype(str).value_counts()
    assert {name: arm["customers"] for name, arm in arms.items()} == dealt.to_dict()
    assert arms["model"]["engaged"] == pytest.approx(0.4, abs=0.06)
    assert arms["baseline"]["engaged"] == pytest.approx(0.1, abs=0.04)
    assert said.data["others"] == 0
    assert said.data["ratio"]["off"] is False


def test_an_arm_without_brands_is_not_compared_by_brand_and_the_readout_says_why(
    released: Path, tmp_path: Path
) -> None:
    lists = lists_of(released)
    came = outcomes(lists, {"model": 0.4, "baseline": 0.1}, tmp_path / "outcomes.csv")
    where = str(released / "carousels")
    data = brandswipe("release", "ab-test", where, came, "--format", "json").data
    unknown = [d for d in data["differences"] if d["arm"] == "none"]
    assert {d["reason"] for d in unknown} == {"no customer of it was shown a brand"}
    assert {d["value"] for d in unknown} == {None}
    assert "engaged" not in next(arm for arm in data["arms"] if arm["name"] == "none")
    for shape in ("text", "html"):
        words = brandswipe("release", "ab-test", where, came, "--format", shape).out
        assert "Nobody in the arm none was shown a brand" in words
    lists.drop(columns=["brand", "featured", "popular"]).to_parquet(tmp_path / "everything.parquet")
    whole = brandswipe(
        "release", "ab-test", str(tmp_path / "everything.parquet"), came, "--format", "json"
    ).data
    unshown = next(arm for arm in whole["arms"] if arm["name"] == "none")
    assert unshown["engaged"] == 0  # of all that they did, which was nothing


@pytest.mark.parametrize(
    ("rates", "words", "agrees"),
    [
        ({"model": 0.5, "baseline": 0.1}, "It foretold the direction.", True),
        ({"model": 0.1, "baseline": 0.5}, "In the shop it was the other way round.", False),
        ({"model": 0.3, "baseline": 0.3}, "is not known yet", None),
    ],
)
def test_the_readout_says_how_well_the_live_study_foretold_it(
    released: Path, tmp_path: Path, rates: dict[str, float], words: str, agrees: bool | None
) -> None:
    came = outcomes(lists_of(released), rates, tmp_path / "outcomes.csv")
    asked = (
        "release",
        "ab-test",
        str(released / "carousels"),
        came,
        "--release",
        str(released / "release"),
    )
    said = brandswipe(*asked)
    assert said.code == 0, said.err
    assert "The swipe study autumn said that colleagues like the model's brands more" in said.out
    assert words in said.out
    data = brandswipe(*asked, "--format", "json").data
    assert (data["study"], data["foretold"]["agrees"]) == ("autumn", agrees)
    lift = lift_of(released / "release")
    assert data["foretold"]["lift"] == pytest.approx([2 * x - 1 for x in lift])
    assert data["foretold"]["lift"][1] > 0


def lift_of(release: Path) -> list[float]:
    """The lift score of the certificate, and its bounds."""
    certificate = json.loads((release / "certificate.json").read_text())
    assert certificate["study"]["kind"] == "live"
    (lift,) = (c for c in certificate["verdict"]["criteria"] if c["name"] == "lift")
    return [lift["value"], lift["low"], lift["high"]]


def test_a_release_that_was_changed_foretells_nothing(released: Path, tmp_path: Path) -> None:
    shutil.copytree(released / "release", tmp_path / "release")
    came = outcomes(lists_of(released), {"model": 0.4, "baseline": 0.1}, tmp_path / "o.csv")
    where = str(released / "carousels")
    (tmp_path / "release" / "lists.schema.json").write_text("{}")
    done = brandswipe("release", "ab-test", where, came, "--release", str(tmp_path / "release"))
    assert done.code == 4
    assert "is not what was certified" in done.err
    nowhere = brandswipe("release", "ab-test", where, came, "--release", str(tmp_path))
    assert nowhere.code == 2
    assert "certificate.json" in nowhere.err


def test_without_the_rivals_arm_a_release_has_nothing_to_foretell(
    released: Path, tmp_path: Path
) -> None:
    lists = lists_of(released)
    came = outcomes(lists, {"model": 0.4, "baseline": 0.1}, tmp_path / "o.csv")
    lists = lists.assign(arm=lists["arm"].astype(str).replace("baseline", "other"))
    lists[["customer", "arm", "brand"]].to_csv(tmp_path / "shown.csv", index=False)
    asked = (
        "release",
        "ab-test",
        str(tmp_path / "shown.csv"),
        came,
        "--release",
        str(released / "release"),
    )
    done = brandswipe(*asked)
    assert done.code == 2
    assert "no arm is called baseline" in done.err
