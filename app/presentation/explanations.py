"""Reasons as words: what stands behind a score, said to the person it is about."""

from collections.abc import Sequence

from app.presentation.i18n import text
from recsys.models.base import Why

MOST = 2  # reasons a card: the rest is noise


def reason(language: str, why: Why, named: bool = False) -> str:
    """Return the strongest reasons in her language; `named` when she only named brands."""
    return " ".join(_sentences(language, why, named)[:MOST])


def listed(language: str, names: Sequence[str]) -> str:
    """Return names as a list in words: Lego, Nike and Stabilo."""
    *first, last = names
    return f"{', '.join(first)} {text(language, 'reveal.and')} {last}" if first else last


def _sentences(language: str, why: Why, named: bool) -> list[str]:
    """What she did, the strongest first; then what others do, or that alone."""
    own = [] if named else _own(language, why)
    others = _others(language, why, named)
    if why.collaborative > max(why.popularity, 0):
        return [*own, others]
    return own or [text(language, "reveal.why_popular")]


def _own(language: str, why: Why) -> list[str]:
    said = [text(language, "reveal.why_followed")] if why.follows else []
    if why.purchases:
        said.append(_bought(language, why))
    if why.release_views:
        said.append(text(language, "reveal.why_new", n=why.release_views))
    elif why.views:
        said.append(text(language, "reveal.why_viewed", n=why.views))
    return said


def _bought(language: str, why: Why) -> str:
    if why.full_price >= why.purchases:
        return text(language, "reveal.why_full_price", n=why.purchases)
    if why.full_price:
        values = {"n": why.purchases, "full": why.full_price}
        return text(language, "reveal.why_bought_full", **values)
    return text(language, "reveal.why_bought", n=why.purchases)


def _others(language: str, why: Why, named: bool) -> str:
    if why.neighbours:
        brands = listed(language, why.neighbours[:MOST])
        return text(language, "reveal.why_with", brands=brands)
    return text(language, "reveal.why_picked" if named else "reveal.why_like_others")
