"""The A/B test of a carousel: its files are read, and its readout is a sentence and a page."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from markupsafe import escape

from app.cli.release import parse_variant_shares
from app.reports.ab_test import read_ab_test
from app.reports.html.ab_test import ab_test_html, ab_test_sentences
from recsys.errors import BadEventsError, BadInputError
from tests.support.cli_runner import brandswipe

RNG = np.random.default_rng


def files(tmp: Path, exposures: Any, outcomes: Any) -> tuple[str, str]:
    pd.DataFrame(exposures).to_csv(tmp / "exposures.csv", index=False)
    pd.DataFrame(outcomes).to_csv(tmp / "outcomes.csv", index=False)
    return str(tmp / "exposures.csv"), str(tmp / "outcomes.csv")


def campaign(tmp: Path, rates: dict[str, float], people: int = 600) -> tuple[str, str]:
    """An A/B test of so many people an arm, of whom so many click a brand they were shown."""
    rng, shown, came = RNG(2), [], []
    for arm, rate in rates.items():
        for n in range(people):
            who = f"{arm}-{n}"
            shown += [
                {"customer_id": who, "arm": arm, "ts": 1000, "brand": b} for b in ("Lego", "HP")
            ]
            if rng.random() < rate:
                kind = ("click", "view", "purchase")[n % 3]
                came.append({"customer_id": who, "ts": 1500, "event": kind, "brand": "lego "})
    return files(tmp, shown, came)


def test_only_what_a_customer_did_afterwards_with_a_brand_of_hers_counts(tmp_path: Path) -> None:
    shown = [
        {"customer_id": who, "arm": arm, "ts": 1000, "brand": "Lego"}
        for who, arm in (("a", "model"), ("b", "baseline"), ("c", "model"), ("c", "baseline"))
    ]
    came = [
        {"customer_id": who, "ts": ts, "event": kind, "brand": brand}
        for who, ts, kind, brand in (
            ("a", 1001, "Click", "LEGO"),
            ("a", 1002, "click", "Lego"),
            ("a", 999, "purchase", "Lego"),
            ("b", 1001, "view", "HP"),
            ("b", 1001, "sneeze", "Lego"),
            ("z", 1001, "view", "Lego"),
        )
    ]
    told = read_ab_test(*files(tmp_path, shown, came))
    model, baseline = told.analysis.variants
    assert (model.customers, baseline.customers, told.in_two_variants, told.unmatched_outcomes) == (
        1,
        1,
        1,
        4,
    )
    assert model.shares == {"engaged": 1.0, "clicked": 1.0, "viewed": 0.0, "bought": 0.0}
    assert set(baseline.shares.values()) == {0.0}


def test_exposures_without_outcomes_are_told_so(tmp_path: Path) -> None:
    shown = [{"customer_id": "a", "arm": "model"}, {"customer_id": "b", "arm": "baseline"}]
    nobody = [{"customer_id": "z", "event": "click"}]
    with pytest.raises(BadEventsError, match="None of the 1 outcomes is a click"):
        read_ab_test(*files(tmp_path, shown, nobody))


def test_columns_that_are_missing_are_named(tmp_path: Path) -> None:
    fine = [{"customer_id": "a", "arm": "model", "event": "click"}]
    with pytest.raises(BadEventsError, match="exposures have no column arm"):
        read_ab_test(*files(tmp_path, [{"customer_id": "a"}], fine))
    with pytest.raises(BadEventsError, match="outcomes have no column event"):
        read_ab_test(*files(tmp_path, fine, [{"customer_id": "a"}]))
    with pytest.raises(BadEventsError, match="no exposure"):
        read_ab_test(*files(tmp_path, [{"customer_id": None, "arm": "model"}], fine))


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_readout_is_one_file_with_its_sentences(tmp_path: Path, language: str) -> None:
    told = read_ab_test(
        *campaign(tmp_path, {"model": 0.3, "baseline": 0.1}), {"model": 1, "baseline": 1}
    )
    html = ab_test_html(language, told)
    assert {"en": "Ahead", "nl": "Voor"}[language] in html
    assert html.count('class="picture"') == 2
    assert "<script" not in html
    assert "Content-Security-Policy" in html
    assert not any(word in html for word in ("<link", "<img", "href=", "@import"))
    assert all(str(escape(sentence)) in html for sentence in ab_test_sentences(language, told))


def test_a_name_of_an_arm_is_never_markup(tmp_path: Path) -> None:
    told = read_ab_test(*campaign(tmp_path, {"model": 0.2, "<b>x</b>": 0.1}, people=250))
    assert "<b>x" not in ab_test_html("en", told)


def test_the_terminal_reads_an_a_b_test(tmp_path: Path) -> None:
    shown, came = campaign(tmp_path, {"model": 0.3, "baseline": 0.1, "none": 0.02})
    done = brandswipe("release", "ab-test", shown, came, "--arms", "model:1,baseline:1,none:1")
    assert done.code == 0
    assert "points, between" in done.out
    assert "divided as planned, as far as chance goes" in done.out
    data = brandswipe("release", "ab-test", shown, came, "--format", "json").data
    assert [arm["name"] for arm in data["arms"]] == ["model", "baseline", "none"]
    assert data["ratio"] is None
    lost = brandswipe("release", "ab-test", shown, came, "--arms", "model:8,baseline:1,none:1")
    assert "Do not believe these figures yet" in lost.out
    html = brandswipe(
        "release", "ab-test", shown, came, "--arms", "model:8,baseline:1,none:1", "--format", "html"
    )
    assert ">Not known yet<" in html.out
    assert ">Ahead<" not in html.out


def test_an_arm_that_was_planned_and_has_nobody_is_said_so(tmp_path: Path) -> None:
    shown, came = campaign(tmp_path, {"model": 0.3, "baseline": 0.1})
    done = brandswipe("release", "ab-test", shown, came, "--arms", "model:45,baseline:45,none:10")
    assert "Nobody is in the arm none" in done.out
    assert "Do not believe these figures yet" in done.out


@pytest.mark.parametrize("arms", ["", "model", "model:x", "model:1,model:2", "model:0", ":3"])
def test_a_plan_of_arms_that_is_none_is_refused(arms: str) -> None:
    with pytest.raises(BadInputError, match="--arms"):
        parse_variant_shares(arms)
