"""The same promises over far more studies, for `make soak`: results/promises.json keeps the rates.

Run by itself it takes a few minutes; `make test` leaves it out.
"""

import json
import os
import platform
import time
from collections.abc import Iterator
from datetime import date
from importlib.metadata import version
from math import sqrt
from typing import Any

import numpy as np
import pytest

from recsys.study.power import N_STUDIES, PowerAssumptions, simulate_scenario
from tests.statistical.simulated_studies import ALPHA, BATCH, CRITERIA, ever, panels, with_error
from tests.statistical.test_gate_error_rates import lift_of_equals
from tests.support.closed_decks import POLICY
from tests.support.paths import ROOT

pytestmark = pytest.mark.soak

RESULTS = ROOT / "bench" / "results" / "promises.json"
STUDIES, PEOPLE = 20_000, 200


@pytest.fixture(scope="module")
def record() -> Iterator[dict[str, Any]]:
    """What is found, written down at the end."""
    found: dict[str, Any] = {"false_release": {}, "false_hold": {}}
    yield found
    head = {
        "measured": date.today().isoformat(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "studies": STUDIES,
        "people": PEOPLE,
    }
    RESULTS.write_text(json.dumps(head | found, indent=1) + "\n", encoding="utf-8")


@pytest.mark.parametrize("name", ["alike", "ICC .1", "ICC .3", "contaminated"])
def test_false_release_and_false_hold(record: dict[str, Any], name: str) -> None:
    scores = panels(PEOPLE, STUDIES, seed=100)[name]
    for looked, step in (("every player", 1), ("every batch", BATCH)):
        rate = ever(scores, 1 / ALPHA, step=step)
        error = sqrt(rate * (1 - rate) / STUDIES)
        record["false_release"][f"{name}, {looked}"] = [round(rate, 4), round(error, 4)]
        assert rate + 2 * error <= ALPHA
    held = ever(scores, CRITERIA / ALPHA, upper=True)
    record["false_hold"][name] = round(held, 4)
    assert with_error(held, STUDIES) <= ALPHA / CRITERIA


def test_two_thousand_studies_looked_at_after_every_player(record: dict[str, Any]) -> None:
    """All three criteria, both ways: within a minute on two processors."""
    started = time.process_time()
    for scores in list(panels(200, 2000, seed=7).values())[:CRITERIA]:
        ever(scores, 1 / ALPHA)
        ever(scores, CRITERIA / ALPHA, upper=True)
    record["seconds_of_2000_studies"] = round(time.process_time() - started, 1)
    assert record["seconds_of_2000_studies"] <= 60


def test_exchangeable_rankers(record: dict[str, Any]) -> None:
    rng = np.random.default_rng(60)
    lifts = np.array([lift_of_equals(rng, best=False) for _ in range(40_000)])
    error = lifts.std() / sqrt(len(lifts))
    record["lift_of_equals"] = [round(float(lifts.mean()), 5), round(float(error), 5)]
    assert abs(lifts.mean() - 0.5) <= 3 * error


@pytest.mark.parametrize("icc", [0.0, 0.1, 0.3])
def test_all_criteria_at_their_bars(record: dict[str, Any], icc: float) -> None:
    """Jointly: hit rate, lift and discrimination stand exactly where they must not be passed."""
    runs = 10
    truth = PowerAssumptions(0.75, 0.75, 0.45, icc=icc, drop_out=0.0)
    found = [simulate_scenario(POLICY, truth, ALPHA, seed).released for seed in range(runs)]
    rate = float(np.mean(found))
    record["false_release"][f"all criteria, ICC {icc}"] = [round(rate, 4), runs * N_STUDIES]
    assert rate + 2 * sqrt(rate * (1 - rate) / (runs * N_STUDIES)) <= ALPHA
