"""A typed history: what it says, the events it stands for, and what is not understood."""

import numpy as np
import pytest

from recsys.dataset.event_aggregation import ItemFacts, aggregate_events
from recsys.dataset.events import EventKind
from recsys.dataset.evidence import Feature
from recsys.dataset.history import HistoryItem, Price, history_rows, parse_history
from recsys.errors import BadInputError, UnknownNameError
from tests.support.toy_catalogs import NOW, catalogue

BRANDS = ("Lego", "Stabilo", "De Bijenkorf", "Bijenkorf", "3M")
SHOP = catalogue()


@pytest.mark.parametrize(
    ("text", "deeds"),
    [
        (
            "3 purchases of Lego at full price, 1 cheap Stabilo",
            [
                HistoryItem("Lego", times=3, price=Price.FULL),
                HistoryItem("Stabilo", price=Price.CHEAP),
            ],
        ),
        ("lego", [HistoryItem("Lego")]),
        ("follows LEGO; 4 views of De Bijenkorf", [
            HistoryItem("Lego", EventKind.FOLLOW), HistoryItem("De Bijenkorf", EventKind.VIEW, 4),
        ]),
        ("looked at 2 new releases of Bijenkorf", [
            HistoryItem("Bijenkorf", EventKind.VIEW, 2, new_release=True),
        ]),
        ("two returns of 3M\n\n", [HistoryItem("3M", EventKind.RETURN, 2)]),
        ((
            "2 aankopen van Lego voor de volle "
            "prijs"
        ), [HistoryItem("Lego", times=2, price=Price.FULL)]),
        ("bought twice new Lego", [HistoryItem("Lego", times=2, new_release=True)]),
    ],
)  # fmt: skip
def test_a_history_is_read_as_it_was_meant(text: str, deeds: list[HistoryItem]) -> None:
    assert parse_history(text, BRANDS) == deeds


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("  , ;", BadInputError, "Type what the customer did, like"),
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
        parse_history(text, BRANDS)


def test_deeds_become_events_that_evidence_sums_up() -> None:
    deeds = [
        HistoryItem("Brand 000", times=3, price=Price.FULL),
        HistoryItem("Brand 001", times=2, price=Price.CHEAP),
        HistoryItem("Brand 002", EventKind.VIEW, 2, new_release=True),
        HistoryItem("Brand 003"),
    ]
    rows = history_rows(deeds, SHOP, NOW)
    assert (np.diff(rows["ts"].astype(np.int64)) >= 0).all()
    evidence = aggregate_events(rows, ItemFacts.from_catalog(SHOP), NOW)
    assert evidence.feature(Feature.PURCHASES).tolist() == [3, 2, 0, 1]
    assert evidence.feature(Feature.FULL_PRICE).tolist() == [3, 0, 0, 0]
    assert evidence.feature(Feature.RELEASE_VIEWS).tolist() == [0, 0, 2, 0]


def test_a_brand_without_a_fresh_product_is_said() -> None:
    old = catalogue(items=1)
    with pytest.raises(BadInputError, match="has no product whose release date is known"):
        history_rows([HistoryItem("Brand 000", EventKind.VIEW, new_release=True)], old, NOW)


def test_a_brand_without_any_product_is_said() -> None:
    bare = catalogue()
    bare.item_brand[bare.item_brand == 0] = 1
    with pytest.raises(BadInputError, match="has no product: leave it out"):
        history_rows([HistoryItem("Brand 000")], bare, NOW)


def test_a_price_that_the_catalogue_does_not_know_is_a_plain_one() -> None:
    bare = catalogue()
    bare.item_price[:] = -1
    rows = history_rows([HistoryItem("Brand 000", price=Price.FULL)], bare, NOW)
    assert rows["price"][0] == rows["list_price"][0] > 0
