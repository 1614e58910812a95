"""What an event is: kinds, the catalogue's codes, the brand normaliser."""

from collections import Counter
from statistics import median_low

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys.dataset.brand_names import NAME_LENGTH, brand_key, normalize_brand
from recsys.dataset.catalog import (
    Catalog,
    brand_codes,
    brand_prices,
    flag_sensitive,
    main_categories,
)
from recsys.dataset.events import EVENT_DTYPE, KIND_NAMES, NO_PRICE, OUR_KINDS, EventKind


def test_the_kinds_of_our_own_files_are_in_the_order_of_what_is_stored() -> None:
    assert list(OUR_KINDS.values()) == list(EventKind)
    assert list(OUR_KINDS) == ["view", "wishlist", "follow", "cart", "purchase", "return"]
    assert OUR_KINDS.items() <= KIND_NAMES.items()


def test_a_stored_event_takes_18_bytes() -> None:
    assert EVENT_DTYPE.itemsize == 18


def test_every_kind_is_known_by_its_own_name() -> None:
    assert all(KIND_NAMES[kind.name.lower()] is kind for kind in EventKind)


def catalogue_of(brands: list[str], items: list[tuple[int, int]], categories: list[str]) -> Catalog:
    """A catalogue of unpriced items, each a brand and a category."""
    brand, category = np.array(items, dtype=np.int32).reshape(-1, 2).T
    words, flags = np.full(len(items), "", dtype=object), np.zeros(len(items), dtype=np.bool_)
    return Catalog(
        lineage="x",
        brands=np.array(brands, dtype=object),
        categories=np.array(categories, dtype=object),
        brand_category=main_categories(brand, category, len(brands)),
        brand_price=np.full(len(brands), NO_PRICE, dtype=np.int32),
        brand_sensitive=np.zeros(len(brands), dtype=np.bool_),
        item_product=words,
        item_title=words,
        item_brand=brand,
        item_category=category,
        item_price=np.full(len(items), NO_PRICE, dtype=np.int32),
        item_released=np.zeros(len(items), dtype=np.uint32),
        item_featured=flags,
        item_sensitive=flags,
    )


def test_a_brand_code_is_its_place_in_the_catalogue() -> None:
    assert brand_codes(catalogue_of(["Lego", "Nike"], [], [])) == {"Lego": 0, "Nike": 1}


def test_what_is_of_a_sensitive_category_is_hidden_and_no_more() -> None:
    shop = catalogue_of(["Lego", "Edge", "New"], [(0, 0), (0, 0), (0, 1), (1, 1)], ["toys", "arms"])
    hidden = flag_sensitive(shop, lambda category: category == "arms")
    assert hidden.brand_sensitive.tolist() == [False, True, False]
    assert hidden.item_sensitive.tolist() == [False, False, True, True]
    assert not shop.item_sensitive.any()


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("  Lego ", "Lego"),
        ("LEGO®", "LEGO"),
        ("Stabilo™", "Stabilo"),
        ("999\u00a0 Games\t", "999 Games"),
        ("\u202eekiN\u202c", "ekiN"),
        ("Ｎｉｋｅ", "Nike"),
        ("cafe\u0301", "café"),
        ("🧸 Bear", "🧸 Bear"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("שלום", "שלום"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("a\x00b\ud800", "ab"),
        ("x" * 10_000, "x" * NAME_LENGTH),
        ("x" * (NAME_LENGTH - 1) + " y", "x" * (NAME_LENGTH - 1)),
        ("H&M", "H&M"),
    ],
)
def test_a_name_is_tidied_and_stays_itself(written: str, shown: str) -> None:
    assert normalize_brand(written) == shown


@pytest.mark.parametrize(
    "written", ["", "  ", "-", "--", "N/A", "Merkloos", "no brand", "NO  BRAND®", "?", "Unbranded"]
)
def test_no_brand_in_any_spelling_is_none(written: str) -> None:
    assert normalize_brand(written) is None


def test_an_alias_leads_to_the_name_of_the_brand() -> None:
    aliases = {brand_key("Hewlett Packard"): "HP", brand_key("house"): "merkloos"}
    assert normalize_brand("HEWLETT  packard®", aliases) == "HP"
    assert normalize_brand("House", aliases) is None
    assert normalize_brand("Lego", aliases) == "Lego"


def test_case_and_marks_do_not_make_another_brand() -> None:
    assert brand_key("LEGO®") == brand_key(" lego ")
    assert brand_key("Groß") == brand_key("GROSS")


@given(st.text(max_size=300))
def test_a_normalised_name_is_normal(name: str) -> None:
    shown = normalize_brand(name)
    assert shown is None or (normalize_brand(shown) == shown and 0 < len(shown) <= NAME_LENGTH)


@given(st.text(max_size=300))
def test_the_key_of_a_shown_name_is_its_own_key(name: str) -> None:
    assert brand_key(brand_key(name)) == brand_key(name)


items = st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 4), st.integers(-1, 5)), max_size=30)


def arrays(shelf: list[tuple[int, int, int]]) -> list[NDArray[np.int32]]:
    return list(np.array(shelf, dtype=np.int32).reshape(-1, 3).T)


@given(items)
def test_a_brand_is_in_the_category_of_most_of_its_items(shelf: list[tuple[int, int, int]]) -> None:
    brand, category, _ = arrays(shelf)
    for code, main in enumerate(main_categories(brand, category, 4).tolist()):
        votes = Counter(c for b, c, _ in shelf if b == code)
        assert main == min(votes, key=lambda c: (-votes[c], c), default=-1)


@given(items)
def test_the_price_of_a_brand_is_the_median_of_its_priced_items(
    shelf: list[tuple[int, int, int]],
) -> None:
    brand, _, price = arrays(shelf)
    for code, median in enumerate(brand_prices(brand, price, 4).tolist()):
        known = [p for b, _, p in shelf if b == code and p != NO_PRICE]
        assert median == (median_low(known) if known else NO_PRICE)
