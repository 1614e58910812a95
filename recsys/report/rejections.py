"""Picks that people refused most: what may be told of them, and what speaks for such picks.

No number has fewer than a cell of people behind it, and none is of one person.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recsys.disclosure import DisclosureRule
from recsys.models.base import Explanation, ExplanationReason, primary_reason

MAX_BRANDS = 10  # brands that are told of
EVIDENCE_KINDS = (
    "followed", "full_price_again", "full_price_once", "cheap_again", "cheap_once", "looked",
    "others",
)  # fmt: skip
"""The strongest thing that speaks for a brand, the strongest kind first."""


@dataclass(frozen=True, slots=True)
class RejectedBrand:
    """One brand that was picked and refused."""

    brand: str
    people: int  # who were dealt it as a pick and answered, in whole batches
    share: float  # of them who refused it, in whole percents
    reasons: Mapping[str, int]  # reason -> people, in whole cells: at least so many
    kinds: Mapping[str, float]  # share of the customers with it in their first ten, by KINDS


def rejected_brand_to_row(rejection: RejectedBrand) -> dict[str, Any]:
    """Return a brand as the command prints it."""
    return {
        "brand": rejection.brand,
        "people": rejection.people,
        "share": rejection.share,
        "reasons": dict(rejection.reasons),
        "kinds": dict(rejection.kinds),
    }


@dataclass(slots=True)
class PickResponses:
    """What was said of one brand, in the order of closing."""

    rejected: list[bool] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)


def most_rejected(
    responses: Mapping[str, PickResponses], rule: DisclosureRule
) -> list[RejectedBrand]:
    """Return at most MOST brands, the most refused first, without their kinds of evidence."""
    brands = [_rejected_brand(name, answers, rule) for name, answers in responses.items()]
    rejected = [brand for brand in brands if brand.people and brand.share > 0]
    return sorted(rejected, key=lambda brand: (-brand.share, -brand.people, brand.brand))[
        :MAX_BRANDS
    ]


def _rejected_brand(name: str, responses: PickResponses, rule: DisclosureRule) -> RejectedBrand:
    people = rule.publishable(len(responses.rejected))
    share = sum(responses.rejected[:people]) / people if people else 0.0
    reasons = {
        reason: rule.round_down(n)
        for reason, n in responses.reasons.most_common()
        if rule.round_down(n)
    }
    return RejectedBrand(name, people, round(share, 2), reasons, {})


def kind_shares(kinds: Mapping[str, int]) -> dict[str, float]:
    """Return the share of each of KINDS among customers, `kinds` counts them.

    Kinds that fewer than a cell of customers have, or all but fewer, are left out.
    """
    people, rule = sum(kinds.values()), DisclosureRule()
    counts = ((kind, kinds.get(kind, 0)) for kind in EVIDENCE_KINDS)
    return {
        kind: round(n / people, 2)
        for kind, n in counts
        if rule.publishable(n) and rule.splits_safely(n, people)
    }


def strongest_kind(explanation: Explanation) -> str:
    """Return the strongest kind of evidence behind a score, one of EVIDENCE_KINDS."""
    reason = primary_reason(explanation)
    if reason in (ExplanationReason.FULL_PRICE, ExplanationReason.BOUGHT):
        price = "full_price" if explanation.full_price else "cheap"
        count = explanation.full_price or explanation.purchases
        return f"{price}_{'again' if count > 1 else 'once'}"
    return _OTHER_KINDS.get(reason, "others")


_OTHER_KINDS = {
    ExplanationReason.FOLLOWED: "followed",
    ExplanationReason.NEW: "looked",
    ExplanationReason.VIEWED: "looked",
}
