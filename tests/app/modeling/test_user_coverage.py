"""Of how many customers enough is known: counted as a deck would be dealt from them."""

from dataclasses import replace

import numpy as np
import pytest

from app.modeling.recommender import load_recommender
from app.modeling.user_coverage import HistoryBand, UserCoverage, _bands, measure_user_coverage
from app.workspace.workspace import Workspace
from recsys.disclosure import DisclosureRule


@pytest.fixture(scope="module")
def found(planted_house: Workspace) -> UserCoverage:
    counted = measure_user_coverage(planted_house.event_store, planted_house.policy)
    assert counted is not None
    return counted


def test_every_customer_is_counted_as_a_game_would_read_her(
    planted_house: Workspace, found: UserCoverage
) -> None:
    brain, least = load_recommender(planted_house), planted_house.policy.least_brands
    brands = [len(brain.evidence_of(each)) for each in planted_house.event_store.customer_ids()]
    assert found.customers == len(brands)
    assert found.enough_share == pytest.approx(np.mean(np.array(brands) >= least))
    for band in found.bands:
        inside = [
            n
            for n in brands
            if band.min_brands <= n and (band.max_brands is None or n <= band.max_brands)
        ]
        assert band.share == pytest.approx(len(inside) / len(brands))


def test_the_bands_hold_everybody_once(found: UserCoverage) -> None:
    assert sum(band.share for band in found.bands) == pytest.approx(1)
    edges = [band.min_brands for band in found.bands[1:]]
    assert edges == [(band.max_brands or 0) + 1 for band in found.bands[:-1]]


def test_fewer_customers_than_a_cell_are_not_counted_out(planted_house: Workspace) -> None:
    too_many = planted_house.event_store.customers + 5
    wide = replace(planted_house.policy, cell=too_many, least_players=too_many)
    assert measure_user_coverage(planted_house.event_store, wide) is None


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
    found: list[HistoryBand] = list(_bands(np.array(counts), (0, 5, 10, 20), DisclosureRule()))
    assert [(band.min_brands, band.max_brands) for band in found] == bands
    assert all(band.share * len(counts) >= 9.99 for band in found)
