"""When the gate would decide: sooner for a better model, never on too few, and on both sides."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.study.resampled_power import LOOK_SIZES, N_ORDERS, resample_power
from tests.support.closed_decks import POLICY


def people(hit: float, auc: float, lift: float, n: int = 600, seed: int = 0) -> np.ndarray:
    """Scores of people round these means."""
    rng = np.random.default_rng(seed)
    means = np.array([hit, auc, lift])
    return np.clip(means + rng.normal(0, 0.12, (n, 3)), 0, 1)


def test_a_good_model_is_released_soon_and_a_bad_one_held() -> None:
    good = resample_power(people(0.88, 0.85, 0.7), POLICY, 0.05, seed=1)
    bad = resample_power(people(0.55, 0.85, 0.7), POLICY, 0.05, seed=1)
    assert good.looks[-1].released > 0.95
    assert bad.looks[-1].held > 0.95
    assert [look.people for look in good.looks] == list(LOOK_SIZES)
    assert good.median is not None
    assert good.most is not None
    assert POLICY.least_players <= good.median <= good.most <= 100


def test_a_model_at_the_bar_is_released_in_one_of_twenty_studies_at_most() -> None:
    at_bar = resample_power(people(0.75, 0.9, 0.8, n=5000), POLICY, 0.05, seed=2)
    assert at_bar.looks[-1].released <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / N_ORDERS)
    assert at_bar.median is None
    assert at_bar.most is None


def test_shares_only_grow_with_people_and_the_same_seed_says_the_same() -> None:
    found = resample_power(people(0.8, 0.75, 0.6), POLICY, 0.05, seed=3)
    released = [look.released for look in found.looks]
    assert released == sorted(released)
    assert found == resample_power(people(0.8, 0.75, 0.6), POLICY, 0.05, seed=3)


@pytest.mark.parametrize(("n", "horizon"), [(3, 0), (57, 55), (900, 400)])
def test_a_study_has_no_more_people_than_played(n: int, horizon: int) -> None:
    found = resample_power(people(0.9, 0.9, 0.8, n=n), POLICY, 0.05, seed=1)
    assert (found.people, found.horizon) == (n, horizon)
    assert all(look.people <= horizon for look in found.looks)


def test_nobody_decides_before_the_policy_s_least_number_of_people() -> None:
    patient = replace(POLICY, least_players=200)
    found = resample_power(people(0.95, 0.95, 0.9), patient, 0.05, seed=1)
    assert all(look.released == 0 for look in found.looks if look.people < 200)
    assert found.median == 200
