"""Brand names: match spellings, normalize the displayed name, and detect "no brand"."""

import unicodedata
from collections.abc import Mapping

NAME_LENGTH = 120
"""Maximum length in characters. Two names that are equal up to this length are one brand."""


NO_BRAND = frozenset(
    {
        "",
        "n/a",
        "na",
        "n.a.",
        "n.v.t.",
        "nvt",
        "none",
        "null",
        "nan",
        "no brand",
        "no-brand",
        "nobrand",
        "unbranded",
        "generic",
        "unknown",
        "merkloos",
        "geen merk",
        "geen",
        "onbekend",
    }
)
"""Names that shops give to products without a brand, as `brand_key`."""


_TRADEMARKS = frozenset("®™©℠℗")


_JOINERS = frozenset("\u200c\u200d")  # zero-width joiners; emoji and several scripts need them


_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # control, direction marks, lone surrogates


def brand_key(name: str) -> str:
    """Return the key that all spellings of a brand share: no marks, single spaces, casefolded."""
    return _visible_text(unicodedata.normalize("NFKC", _visible_text(name).casefold()))


def normalize_brand(name: str, aliases: Mapping[str, str] | None = None) -> str | None:
    """Return the brand name to display, or None for no brand.

    Removes marks (® ™ ©), control and direction characters, collapses spaces, applies Unicode NFKC
    and cuts at NAME_LENGTH. `aliases` maps a `brand_key` to the name to use instead.
    """
    display_name = clean_name(name)
    if aliases:
        display_name = clean_name(aliases.get(brand_key(display_name), display_name))
    return None if _means_no_brand(brand_key(display_name)) else display_name


def clean_name(name: str) -> str:
    """Return `name` fit for display: visible characters in NFKC, at most NAME_LENGTH of them."""
    return _visible_text(_visible_text(name)[:NAME_LENGTH])


def _visible_text(text: str) -> str:
    """Return the visible characters of `text` in NFKC, with single spaces."""
    visible = "".join(_visible_char(char) for char in text)
    composed = unicodedata.normalize("NFKC", visible)
    collapsed = " ".join("".join(_visible_char(char) for char in composed).split())
    return collapsed if collapsed == text else _visible_text(collapsed)


def _visible_char(char: str) -> str:
    if char.isspace():
        return " "
    if char in _TRADEMARKS:
        return ""
    return char if char in _JOINERS or unicodedata.category(char) not in _INVISIBLE else ""


def _means_no_brand(key: str) -> bool:
    return key in NO_BRAND or not key.strip("-_.,?/\\* \u200c\u200d")
