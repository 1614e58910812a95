"""What the gate promises, kept in thousands of simulated studies.

Every rate stands with its Monte Carlo error. The long versions are in test_soak.py.
"""

from math import log, sqrt

import numpy as np
import pytest

from recsys.report.evaluate import build_report
from recsys.report.gate import Outcome, decide
from recsys.study.deck import CardRole, Source
from recsys.study.scoring import score_deck
from tests.statistical.simulated_studies import (
    ALPHA,
    BAR,
    BATCH,
    CRITERIA,
    ever,
    hit_rates,
    panels,
    with_error,
)
from tests.support.betting_oracle import log_wealth_lower, log_wealth_upper
from tests.support.closed_decks import POLICY, STUDY, F, N, card, closed, deck_of, panel

STUDIES, PEOPLE = 2000, 200
PANELS = panels()


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
    cards = [card(i, CardRole.PICK, shared=b in theirs) for i, b in enumerate(ours, 1)]
    cards += [card(i, CardRole.BASELINE_ONLY) for i, _ in enumerate(dealt, 11)]
    said = [F if rng.random() < liking[b] else N for b in [*ours, *dealt]]
    assert all(Source.PICK not in c.sources for c in cards[10:])
    return score_deck(closed(deck_of(cards), dict(enumerate(said, 1)))).lift


def test_two_exchangeable_rankers_have_a_mean_lift_of_a_half() -> None:
    rng = np.random.default_rng(6)
    lifts = np.array([lift_of_equals(rng, best=False) for _ in range(4000)])
    assert abs(lifts.mean() - 0.5) <= 3 * lifts.std() / sqrt(len(lifts))


def test_dealing_the_rivals_best_would_call_an_equal_worse() -> None:
    rng = np.random.default_rng(6)
    lifts = np.array([lift_of_equals(rng, best=True) for _ in range(4000)])
    assert lifts.mean() < 0.5 - 3 * lifts.std() / sqrt(len(lifts))


@pytest.mark.parametrize("bar", [0.5, 0.65, 0.75])
def test_no_study_is_ever_passed_and_failed_at_one_look(bar: float) -> None:
    """Even at 1/alpha on both sides, where the gate asks for more to fail."""
    scores = PANELS["ICC .3"][:500]
    both = (log_wealth_lower(scores, bar) >= log(1 / ALPHA)) & (
        log_wealth_upper(scores, bar) >= log(1 / ALPHA)
    )
    assert not both.any()


def test_the_order_in_which_a_batch_came_changes_no_verdict() -> None:
    rng = np.random.default_rng(8)
    decks = panel(60, 2)
    for _ in range(5):
        order = np.concatenate([start + rng.permutation(BATCH) for start in range(0, 60, BATCH)])
        again = decide(build_report(STUDY, [decks[i] for i in order]), POLICY)
        first = decide(build_report(STUDY, decks), POLICY)
        assert (again.outcome, again.n) == (first.outcome, first.n)


def test_the_whole_gate_looked_at_after_every_batch_keeps_its_promise() -> None:
    """From the cards on: 60 studies whose picks are liked exactly as often as the bar asks."""
    released = sum(
        decide(build_report(STUDY, panel(60, seed, pick=BAR, rival=0.2, decoy=0.1)), POLICY).outcome
        is Outcome.RELEASE
        for seed in range(60)
    )
    assert released <= 60 * ALPHA + 3 * sqrt(60 * ALPHA * (1 - ALPHA))
