"""What an event is: kinds, the catalogue's codes, the brand normaliser."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.events import (
    KIND_NAMES,
    NAME_LENGTH,
    ROW,
    Catalogue,
    Kind,
    brand_codes,
    brand_key,
    normalise_brand,
)


def test_a_stored_event_takes_18_bytes() -> None:
    assert ROW.itemsize == 18


def test_every_kind_is_known_by_its_own_name() -> None:
    assert all(KIND_NAMES[kind.name.lower()] is kind for kind in Kind)


def test_a_brand_code_is_its_place_in_the_catalogue() -> None:
    nothing = np.zeros(0, dtype=np.int32)
    words, flags = np.zeros(0, dtype=object), np.zeros(0, dtype=np.bool_)
    catalogue = Catalogue(
        lineage="x",
        brands=np.array(["Lego", "Nike"], dtype=object),
        categories=words,
        brand_category=nothing,
        brand_price=nothing,
        brand_sensitive=flags,
        item_product=words,
        item_title=words,
        item_brand=nothing,
        item_category=nothing,
        item_price=nothing,
        item_released=np.zeros(0, dtype=np.uint32),
        item_featured=flags,
        item_sensitive=flags,
    )
    assert brand_codes(catalogue) == {"Lego": 0, "Nike": 1}


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
    assert normalise_brand(written) == shown


@pytest.mark.parametrize(
    "written", ["", "  ", "-", "--", "N/A", "Merkloos", "no brand", "NO  BRAND®", "?", "Unbranded"]
)
def test_no_brand_in_any_spelling_is_none(written: str) -> None:
    assert normalise_brand(written) is None


def test_an_alias_leads_to_the_name_of_the_brand() -> None:
    aliases = {brand_key("Hewlett Packard"): "HP", brand_key("house"): "merkloos"}
    assert normalise_brand("HEWLETT  packard®", aliases) == "HP"
    assert normalise_brand("House", aliases) is None
    assert normalise_brand("Lego", aliases) == "Lego"


def test_case_and_marks_do_not_make_another_brand() -> None:
    assert brand_key("LEGO®") == brand_key(" lego ")
    assert brand_key("Groß") == brand_key("GROSS")


@given(st.text(max_size=300))
def test_a_normalised_name_is_normal(name: str) -> None:
    shown = normalise_brand(name)
    assert shown is None or (normalise_brand(shown) == shown and 0 < len(shown) <= NAME_LENGTH)


@given(st.text(max_size=300))
def test_the_key_of_a_shown_name_is_its_own_key(name: str) -> None:
    assert brand_key(brand_key(name)) == brand_key(name)
