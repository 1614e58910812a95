"""A typed history: what it says, the events it stands for, and what is not understood."""

import numpy as np
import pytest

from recsys.dataset.aggregation import ItemFacts, summarise
from recsys.dataset.events import Kind
from recsys.dataset.evidence import Sum
from recsys.dataset.history import Deed, Price, deeds_of, rows_of
from recsys.errors import BadInputError, UnknownNameError
from tests.support.toy_catalogs import NOW, catalogue

BRANDS = ("Lego", "Stabilo", "De Bijenkorf", "Bijenkorf", "3M")
SHOP = catalogue()


@pytest.mark.parametrize(
    ("text", "deeds"),
    [
        (
            "3 purchases of Lego at full price, 1 cheap Stabilo",
            [Deed("Lego", times=3, price=Price.FULL), Deed("Stabilo", price=Price.CHEAP)],
        ),
        ("lego", [Deed("Lego")]),
        ("follows LEGO; 4 views of De Bijenkorf", [
            Deed("Lego", Kind.FOLLOW), Deed("De Bijenkorf", Kind.VIEW, 4),
        ]),
        ("looked at 2 new releases of Bijenkorf", [
            Deed("Bijenkorf", Kind.VIEW, 2, fresh=True),
        ]),
        ("two returns of 3M\n\n", [Deed("3M", Kind.RETURN, 2)]),
        ("2 aankopen van Lego voor de volle prijs", [Deed("Lego", times=2, price=Price.FULL)]),
        ("bought twice new Lego", [Deed("Lego", times=2, fresh=True)]),
    ],
)  # fmt: skip
def test_a_history_is_read_as_it_was_meant(text: str, deeds: list[Deed]) -> None:
    assert deeds_of(text, BRANDS) == deeds


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("  , ;", BadInputError, "Type what she did, like"),
        (
            "3 purchases of Leggo",
            UnknownNameError,
            "No brand is called 'Leggo'. Did you mean 'Lego'",
        ),
        ("3 purchases", UnknownNameError, "No brand is called"),
        ("1 stolen Lego", BadInputError, "What 'stolen' says of Lego is not understood"),
        ("0 Lego", BadInputError, "named 0 times; write from 1 to 100"),
        ("101 Lego", BadInputError, "named 101 times"),
    ],
)
def test_what_is_not_understood_is_said(text: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        deeds_of(text, BRANDS)


def test_deeds_become_events_that_evidence_sums_up() -> None:
    deeds = [
        Deed("Brand 000", times=3, price=Price.FULL),
        Deed("Brand 001", times=2, price=Price.CHEAP),
        Deed("Brand 002", Kind.VIEW, 2, fresh=True),
        Deed("Brand 003"),
    ]
    rows = rows_of(deeds, SHOP, NOW)
    assert (np.diff(rows["ts"].astype(np.int64)) >= 0).all()
    evidence = summarise(rows, ItemFacts.of(SHOP), NOW)
    assert evidence.of(Sum.PURCHASES).tolist() == [3, 2, 0, 1]
    assert evidence.of(Sum.FULL_PRICE).tolist() == [3, 0, 0, 0]
    assert evidence.of(Sum.RELEASE_VIEWS).tolist() == [0, 0, 2, 0]


def test_a_brand_without_a_fresh_product_is_said() -> None:
    old = catalogue(items=1)
    with pytest.raises(BadInputError, match="has no product whose release date is known"):
        rows_of([Deed("Brand 000", Kind.VIEW, fresh=True)], old, NOW)


def test_a_brand_without_any_product_is_said() -> None:
    bare = catalogue()
    bare.item_brand[bare.item_brand == 0] = 1
    with pytest.raises(BadInputError, match="has no product: leave it out"):
        rows_of([Deed("Brand 000")], bare, NOW)


def test_a_price_that_the_catalogue_does_not_know_is_a_plain_one() -> None:
    bare = catalogue()
    bare.item_price[:] = -1
    rows = rows_of([Deed("Brand 000", price=Price.FULL)], bare, NOW)
    assert rows["price"][0] == rows["list_price"][0] > 0
