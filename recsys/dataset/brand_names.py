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


_MARKS = frozenset("®™©℠℗")


_JOINERS = frozenset("\u200c\u200d")  # emoji and several scripts are spelt with them


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # control, direction marks, lone surrogates


def brand_key(name: str) -> str:
    """Return what makes two spellings one brand: no marks, spaces collapsed, any case."""
    return _visible(unicodedata.normalize("NFKC", _visible(name).casefold()))


def normalise_brand(name: str, aliases: Mapping[str, str] | None = None) -> str | None:
    """Return the brand as it is shown, or None for no brand.

    Marks (® ™ ©), control and direction characters go, spaces collapse, Unicode becomes NFKC, and
    what is longer than NAME_LENGTH is cut. `aliases` maps a `brand_key` to the name to use for it.
    """
    shown = tidy(name)
    if aliases:
        shown = tidy(aliases.get(brand_key(shown), shown))
    return None if _says_nothing(brand_key(shown)) else shown


def tidy(name: str) -> str:
    """Return a text fit to be shown: visible characters in NFKC, at most NAME_LENGTH of them."""
    return _visible(_visible(name)[:NAME_LENGTH])


def _visible(text: str) -> str:
    """Return `text` in NFKC, of characters one can see, with single spaces."""
    kept = "".join(_seen(char) for char in text)
    composed = unicodedata.normalize("NFKC", kept)
    tidy = " ".join("".join(_seen(char) for char in composed).split())
    return tidy if tidy == text else _visible(tidy)


def _seen(char: str) -> str:
    if char.isspace():
        return " "
    if char in _MARKS:
        return ""
    return char if char in _JOINERS or unicodedata.category(char) not in _UNSEEN else ""


def _says_nothing(key: str) -> bool:
    return key in NO_BRAND or not key.strip("-_.,?/\\* \u200c\u200d")
