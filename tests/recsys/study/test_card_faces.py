"""A brand shows its featured and its most bought products, the same to everybody."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.dataset.catalog import Catalog
from recsys.dataset.events import NO_PRICE
from recsys.study.card_faces import BrandProducts, Product
from tests.support.toy_catalogs import catalogue

BUYS = np.array([1, 5, 7, 2, 0, 0], np.int64)


@pytest.fixture
def shop() -> Catalog:
    """Three brands with two products each; the second of a brand is featured."""
    return catalogue(brands=3, categories=2)


def test_the_most_bought_products_come_first(shop: Catalog) -> None:
    showcase = BrandProducts.from_catalog(shop, BUYS)
    assert [p.title for p in showcase.most_bought("Brand 000", 5)] == ["Thing 1", "Thing 0"]
    assert [p.title for p in showcase.most_bought("Brand 001", 1)] == ["Thing 2"]


def test_products_bought_alike_keep_the_order_of_the_catalogue(shop: Catalog) -> None:
    titles = [p.title for p in BrandProducts.from_catalog(shop, BUYS).most_bought("Brand 002", 5)]
    assert titles == ["Thing 4", "Thing 5"]


def test_featured_products_are_those_that_the_shop_features(shop: Catalog) -> None:
    assert BrandProducts.from_catalog(shop, BUYS).featured("Brand 001", 5) == [
        Product("Thing 3", 2000, True)
    ]


def test_a_sensitive_or_nameless_product_is_not_shown(shop: Catalog) -> None:
    shop.item_sensitive[0] = True
    shop.item_title[1] = ""
    showcase = BrandProducts.from_catalog(shop, BUYS)
    assert showcase.most_bought("Brand 000", 5) == []
    assert showcase.face(1, "Brand 000", {}).products == ()


def test_a_product_without_a_price_or_a_brand_harms_nobody(shop: Catalog) -> None:
    shop.item_price[2] = NO_PRICE
    shop.item_brand[4] = -1
    showcase = BrandProducts.from_catalog(shop, BUYS)
    assert showcase.most_bought("Brand 001", 1) == [Product("Thing 2", NO_PRICE, False)]
    assert [p.title for p in showcase.most_bought("Brand 002", 5)] == ["Thing 5"]


def test_a_face_is_brand_picture_category_and_three_titles(shop: Catalog) -> None:
    wide = catalogue(brands=3, categories=2, items=5)
    face = BrandProducts.from_catalog(wide, np.zeros(15, np.int64)).face(
        4, "Brand 001", {"Brand 001": "abc"}
    )
    assert (face.position, face.brand, face.picture) == (4, "Brand 001", "abc")
    assert face.category == "Category 1"
    assert face.products == ("Thing 5", "Thing 6", "Thing 7")
    assert BrandProducts.from_catalog(shop, BUYS).face(1, "Brand 000", {}).picture is None


def test_names_that_could_be_markup_stay_plain_text(shop: Catalog) -> None:
    shop.brands[0] = "<script>alert(1)</script>"
    shop.item_title[0] = "שלום 🧸 <b>"
    named = replace(shop, brands=shop.brands)
    face = BrandProducts.from_catalog(named, np.zeros(6, np.int64)).face(
        1, "<script>alert(1)</script>", {}
    )
    assert face.products[0] == "שלום 🧸 <b>"
