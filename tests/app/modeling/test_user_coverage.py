"""Of how many customers enough is known: counted as a deck would be dealt from them."""

from dataclasses import replace

import numpy as np
import pytest

from app.modeling.recommender import load_brain
from app.modeling.user_coverage import Audience, Band, _bands, audience_of
from app.workspace.workspace import House


@pytest.fixture(scope="module")
def found(planted_house: House) -> Audience:
    counted = audience_of(planted_house.warehouse, planted_house.policy)
    assert counted is not None
    return counted


def test_every_customer_is_counted_as_a_game_would_read_her(
    planted_house: House, found: Audience
) -> None:
    brain, least = load_brain(planted_house), planted_house.policy.least_brands
    brands = [len(brain.evidence_of(each)) for each in planted_house.warehouse.customer_ids()]
    assert found.customers == len(brands)
    assert found.enough == pytest.approx(np.mean(np.array(brands) >= least))
    for band in found.bands:
        inside = [n for n in brands if band.least <= n and (band.most is None or n <= band.most)]
        assert band.share == pytest.approx(len(inside) / len(brands))


def test_the_bands_hold_everybody_once(found: Audience) -> None:
    assert sum(band.share for band in found.bands) == pytest.approx(1)
    edges = [band.least for band in found.bands[1:]]
    assert edges == [(band.most or 0) + 1 for band in found.bands[:-1]]


def test_fewer_customers_than_a_cell_are_not_counted_out(planted_house: House) -> None:
    too_many = planted_house.warehouse.customers + 5
    wide = replace(planted_house.policy, cell=too_many, least_players=too_many)
    assert audience_of(planted_house.warehouse, wide) is None


@pytest.mark.parametrize(
    ("counts", "bands"),
    [
        ([0] * 10 + [7] * 10 + [30] * 20, [(0, 4), (5, 9), (10, None)]),
        ([0] * 9 + [7] * 20, [(0, None)]),
        ([0] * 9 + [7] * 20 + [12] * 10, [(0, 9), (10, None)]),
        ([0] * 20 + [30] * 9, [(0, None)]),
    ],
)
def test_a_band_smaller_than_a_cell_joins_the_next(
    counts: list[int], bands: list[tuple[int, int | None]]
) -> None:
    found: list[Band] = list(_bands(np.array(counts), (0, 5, 10, 20), 10))
    assert [(band.least, band.most) for band in found] == bands
    assert all(band.share * len(counts) >= 9.99 for band in found)
