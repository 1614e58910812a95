"""Arms: a seeded arm for each customer, the same whoever else is asked."""

import numpy as np
import pytest

from recsys.ab_test.assignment import Variants
from recsys.errors import BadInputError

KEYS = np.random.default_rng(1).integers(0, 1 << 63, 20_000, dtype=np.uint64)


def test_arms_are_as_large_as_they_were_asked_for() -> None:
    shares = np.bincount(Variants.parse("model:45,baseline:45,none:10", 3).assign(KEYS)) / len(KEYS)
    error = 4 * np.sqrt(0.45 * 0.55 / len(KEYS))
    assert shares == pytest.approx([0.45, 0.45, 0.10], abs=error)


def test_a_customers_arm_depends_on_nobody_else() -> None:
    arms = Variants.parse("model:50,none:50", 3)
    assert arms.assign(KEYS[7:9]).tolist() == arms.assign(KEYS)[7:9].tolist()


def test_arms_of_two_seeds_have_nothing_to_do_with_each_other() -> None:
    one, two = (Variants.parse("model:50,none:50", seed).assign(KEYS) for seed in (1, 2))
    assert (one == two).mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(len(KEYS)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model:45,baseline:45", "add up to 90%"),
        ("model:100,none:0", "above 0"),
        ("model:50,popular:50", "Arms are model, baseline, none"),
        ("model:50,model:50", "cannot be read"),
        ("model", "cannot be read"),
        ("model:all", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_arms_that_nobody_can_be_dealt_are_refused(text: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        Variants.parse(text, 0)
