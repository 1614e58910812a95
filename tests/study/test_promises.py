"""What the gate promises, kept in thousands of simulated studies.

Employees are assumed: hit rates drawn from a beta distribution whose spread gives the intra-class
correlation (ICC), ten picks each. Every rate stands with its Monte Carlo error.
"""

from math import log, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.deck import Arm, Stratum
from recsys.scores import score
from recsys.stats import log_wealth_lower, log_wealth_upper
from tests.playing import F, N, card, closed, deck_of

Floats = NDArray[np.float64]
STUDIES, PEOPLE, PICKS, BATCH = 2000, 200, 10, 5
BAR, ALPHA, CRITERIA = 0.75, 0.05, 3


def hit_rates(truth: float, icc: float, seed: int, people: int = PEOPLE) -> Floats:
    """Return scores of shape (studies, people) whose mean is the truth."""
    rng = np.random.default_rng(seed)
    size = (STUDIES, people)
    if icc == 0:
        return rng.binomial(PICKS, truth, size) / PICKS
    spread = (1 - icc) / icc
    chances = rng.beta(truth * spread, (1 - truth) * spread, size)
    return rng.binomial(PICKS, chances) / PICKS


def contaminated(truth: float, seed: int) -> Floats:
    """Return scores with a mean of the truth: 10% like all, 6% nothing, 5% flip a coin."""
    rng = np.random.default_rng(seed)
    clean = (truth - 0.10 - 0.05 * 0.5) / 0.79
    scores = hit_rates(clean, 0.1, seed)
    kind = rng.random(scores.shape)
    coins = rng.binomial(PICKS, 0.5, scores.shape) / PICKS
    return np.where(
        kind < 0.10, 1.0, np.where(kind < 0.16, 0.0, np.where(kind < 0.21, coins, scores))
    )


def ever(scores: Floats, threshold: float, *, upper: bool = False, step: int = 1) -> float:
    """Return the share of studies whose wealth ever reaches a threshold, looked at every step."""
    wealth = log_wealth_upper if upper else log_wealth_lower
    looks = [wealth(part, BAR)[:, step - 1 :: step] for part in np.array_split(scores, 10)]
    return float((np.concatenate(looks) >= log(threshold)).any(axis=1).mean())


def with_error(rate: float, studies: int = STUDIES) -> float:
    """Return the rate plus two Monte Carlo errors."""
    return rate + 2 * sqrt(rate * (1 - rate) / studies)


PANELS = {
    "alike": hit_rates(BAR, 0.0, 1),
    "ICC .1": hit_rates(BAR, 0.1, 2),
    "ICC .3": hit_rates(BAR, 0.3, 3),
    "contaminated": contaminated(BAR, 4),
}


@pytest.mark.parametrize("step", [1, BATCH], ids=["every player", "every batch"])
@pytest.mark.parametrize("panel", PANELS)
def test_a_model_at_the_bar_is_released_in_one_study_of_twenty_at_most(
    panel: str, step: int
) -> None:
    rate = ever(PANELS[panel], 1 / ALPHA, step=step)
    assert with_error(rate) <= ALPHA


def test_a_model_at_the_bar_is_held_by_one_criterion_even_more_rarely() -> None:
    """All panels together: so rare an event needs many studies to be told from its limit."""
    rates = [ever(scores, CRITERIA / ALPHA, upper=True) for scores in PANELS.values()]
    assert with_error(float(np.mean(rates)), STUDIES * len(rates)) <= ALPHA / CRITERIA


@pytest.mark.parametrize("panel", PANELS)
def test_the_panels_stand_at_the_bar(panel: str) -> None:
    assert PANELS[panel].mean() == pytest.approx(BAR, abs=0.002)


def test_a_raw_mean_would_release_most_of_them() -> None:
    """The same panels, looked at as often: the instrument is what keeps the promise."""
    scores = PANELS["ICC .1"]
    means = scores.cumsum(axis=1) / np.arange(1, PEOPLE + 1)
    assert (means[:, 19:] > BAR).any(axis=1).mean() > 0.5


@pytest.mark.parametrize(("truth", "low", "high"), [(0.85, 33, 45), (0.90, 22, 30)])
def test_a_better_model_is_released_by_as_many_people_as_planned(
    truth: float, low: int, high: int
) -> None:
    """The hit rate alone, looked at after every player: medians of 39 and 26 were planned."""
    scores = hit_rates(truth, 0.1, 5)
    passed = np.concatenate(
        [log_wealth_lower(part, BAR) >= log(1 / ALPHA) for part in np.array_split(scores, 10)]
    )
    first = np.where(passed.any(axis=1), passed.argmax(axis=1) + 1, PEOPLE + 1)
    assert low <= np.median(first) <= high


def lift_of_equals(rng: np.random.Generator, *, best: bool) -> float:
    """Return one person's lift between two rankers that differ by chance alone.

    Each lists its ten best of sixty brands by her liking plus its own noise; the dealt part of
    the rival's own brands is random, or its best.
    """
    liking = rng.random(60)
    ours, theirs = (np.argsort(-liking - rng.normal(0, 0.8, 60))[:10].tolist() for _ in range(2))
    own = [brand for brand in theirs if brand not in ours]
    dealt = own[:5] if best else rng.permutation(own)[:5].tolist()
    cards = [card(i, Stratum.PICK, shared=b in theirs) for i, b in enumerate(ours, 1)]
    cards += [card(i, Stratum.UNIQUE) for i, _ in enumerate(dealt, 11)]
    said = [F if rng.random() < liking[b] else N for b in [*ours, *dealt]]
    assert all(Arm.PICK not in c.arms for c in cards[10:])
    return score(closed(deck_of(cards), dict(enumerate(said, 1)))).lift


def test_two_exchangeable_rankers_have_a_mean_lift_of_a_half() -> None:
    rng = np.random.default_rng(6)
    lifts = np.array([lift_of_equals(rng, best=False) for _ in range(4000)])
    assert abs(lifts.mean() - 0.5) <= 3 * lifts.std() / sqrt(len(lifts))


def test_dealing_the_rivals_best_would_call_an_equal_worse() -> None:
    rng = np.random.default_rng(6)
    lifts = np.array([lift_of_equals(rng, best=True) for _ in range(4000)])
    assert lifts.mean() < 0.5 - 3 * lifts.std() / sqrt(len(lifts))
