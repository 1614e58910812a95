"""Brand names: which spellings are one brand, how it is shown, and what means "no brand"."""

import unicodedata
from collections.abc import Mapping

NAME_LENGTH = 120
"""Characters of a brand name that are kept; two names alike so far are one brand."""


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
"""What shops write, as `brand_key`, where an article has no brand."""


_TRADEMARKS = frozenset("®™©℠℗")


_JOINERS = frozenset("\u200c\u200d")  # emoji and several scripts are spelt with them


_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # control, direction marks, lone surrogates


def brand_key(name: str) -> str:
    """Return what makes two spellings one brand: no marks, spaces collapsed, any case."""
    return _visible_text(unicodedata.normalize("NFKC", _visible_text(name).casefold()))


def normalize_brand(name: str, aliases: Mapping[str, str] | None = None) -> str | None:
    """Return the brand as it is shown, or None for no brand.

    Marks (® ™ ©), control and direction characters go, spaces collapse, Unicode becomes NFKC, and
    what is longer than NAME_LENGTH is cut. `aliases` maps a `brand_key` to the name to use for it.
    """
    display_name = clean_name(name)
    if aliases:
        display_name = clean_name(aliases.get(brand_key(display_name), display_name))
    return None if _means_no_brand(brand_key(display_name)) else display_name


def clean_name(name: str) -> str:
    """Return a text fit to be shown: visible characters in NFKC, at most NAME_LENGTH of them."""
    return _visible_text(_visible_text(name)[:NAME_LENGTH])


def _visible_text(text: str) -> str:
    """Return `text` in NFKC, of characters one can see, with single spaces."""
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
