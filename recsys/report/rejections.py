"""The most rejected picks: what may be published about them, and the evidence for such picks.

Every number has at least `min_group_size` people behind it; none is about a single person.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recsys.disclosure import DisclosureRule
from recsys.models.base import Explanation, ExplanationReason, primary_reason

MAX_BRANDS = 10  # in the result
EVIDENCE_KINDS = (
    "followed", "full_price_again", "full_price_once", "cheap_again", "cheap_once", "looked",
    "others",
)  # fmt: skip
"""Kinds of the strongest own evidence for a brand, strongest first.

`again` and `once`: several purchases, or one. `cheap`: no purchase was at the list price.
`looked`: views, but no purchase and no follow. `others`: none of these.
"""


@dataclass(frozen=True, slots=True)
class RejectedBrand:
    """A brand that was a pick and was rejected."""

    brand: str
    people: int  # people with an answer to this pick, rounded down to whole batches
    share: float  # rejected share of the answers, from 0 to 1, to two decimals
    reasons: Mapping[str, int]  # reason -> people, rounded down to a multiple of `min_group_size`
    kinds: Mapping[str, float]  # evidence kind -> share of customers with the brand in the top 10


def rejected_brand_to_row(rejection: RejectedBrand) -> dict[str, Any]:
    """Return a rejected brand as plain data for the command."""
    return {
        "brand": rejection.brand,
        "people": rejection.people,
        "share": rejection.share,
        "reasons": dict(rejection.reasons),
        "kinds": dict(rejection.kinds),
    }


@dataclass(slots=True)
class PickResponses:
    """The responses to one brand as a pick, in the order of closing."""

    rejected: list[bool] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)  # reason -> people


def most_rejected(
    responses: Mapping[str, PickResponses], rule: DisclosureRule
) -> list[RejectedBrand]:
    """Return at most MAX_BRANDS brands, the largest share first; `kinds` stays empty."""
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
    """Return the share of customers by evidence kind. kinds: kind -> number of customers.

    A kind is left out if it or its complement is a group of fewer than MIN_GROUP_SIZE customers.
    """
    people, rule = sum(kinds.values()), DisclosureRule()
    counts = ((kind, kinds.get(kind, 0)) for kind in EVIDENCE_KINDS)
    return {
        kind: round(n / people, 2)
        for kind, n in counts
        if rule.publishable(n) and rule.splits_safely(n, people)
    }


def strongest_kind(explanation: Explanation) -> str:
    """Return the strongest kind of evidence for a score, one of EVIDENCE_KINDS."""
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
