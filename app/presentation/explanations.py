"""Explanations of a score in words, for the person that the score is about."""

from collections.abc import Sequence

from app.presentation.i18n import translate
from recsys.models.base import Explanation

MAX_REASONS = 2  # on one card: more would be noise


def explanation_text(language: str, explanation: Explanation, picks_only: bool = False) -> str:
    """Return the strongest reasons of a score in words, at most MAX_REASONS.

    Set `picks_only` if the person only picked brands, so that no activity in the shop is known.
    """
    return " ".join(_reason_sentences(language, explanation, picks_only)[:MAX_REASONS])


def list_in_words(language: str, names: Sequence[str]) -> str:
    """Return names (at least one) as a list in words: Lego, Nike and Stabilo."""
    *first, last = names
    return f"{', '.join(first)} {translate(language, 'reveal.and')} {last}" if first else last


def _reason_sentences(language: str, explanation: Explanation, picks_only: bool) -> list[str]:
    """Return a sentence per reason: own activity, strongest first, then similar customers.

    Similar customers are a reason if the collaborative part of the score is above 0 and above the
    popularity part. Popularity is the reason if there is no other reason.
    """
    own_reasons = [] if picks_only else _own_activity_reasons(language, explanation)
    others_reason = _others_reason(language, explanation, picks_only)
    if explanation.collaborative > max(explanation.popularity, 0):
        return [*own_reasons, others_reason]
    return own_reasons or [translate(language, "reveal.why_popular")]


def _own_activity_reasons(language: str, explanation: Explanation) -> list[str]:
    reasons = [translate(language, "reveal.why_followed")] if explanation.follows else []
    if explanation.purchases:
        reasons.append(_purchase_reason(language, explanation))
    if explanation.release_views:
        reasons.append(translate(language, "reveal.why_new", n=explanation.release_views))
    elif explanation.views:
        reasons.append(translate(language, "reveal.why_viewed", n=explanation.views))
    return reasons


def _purchase_reason(language: str, explanation: Explanation) -> str:
    if explanation.full_price >= explanation.purchases:
        return translate(language, "reveal.why_full_price", n=explanation.purchases)
    if explanation.full_price:
        values = {"n": explanation.purchases, "full": explanation.full_price}
        return translate(language, "reveal.why_bought_full", **values)
    return translate(language, "reveal.why_bought", n=explanation.purchases)


def _others_reason(language: str, explanation: Explanation, picks_only: bool) -> str:
    if explanation.neighbours:
        brands = list_in_words(language, explanation.neighbours[:MAX_REASONS])
        return translate(language, "reveal.why_with", brands=brands)
    return translate(language, "reveal.why_picked" if picks_only else "reveal.why_like_others")
