"""Reasons as words: what stands behind a score, said to the person it is about."""

from app.words import text
from recsys.ranking import Why

MOST = 2  # reasons a card: the rest is noise


def reason(language: str, why: Why, named: bool = False) -> str:
    """Return the strongest reasons in her language; `named` when she only named brands."""
    return " ".join(_sentences(language, why, named)[:MOST])


def _sentences(language: str, why: Why, named: bool) -> list[str]:
    counted = [
        ("why_full_price", why.full_price),
        ("why_bought", why.purchases if not why.full_price else 0),
        ("why_new", why.release_views),
        ("why_viewed", why.views if not why.release_views else 0),
    ]
    said = [text(language, "reveal.why_followed")] if why.follows and not named else []
    said += [text(language, f"reveal.{key}", n=n) for key, n in counted if n]
    if said:
        return said
    if why.collaborative > why.popularity and why.collaborative > 0:
        return [text(language, "reveal.why_picked" if named else "reveal.why_like_others")]
    return [text(language, "reveal.why_popular")]
