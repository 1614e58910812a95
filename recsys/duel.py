"""Two model versions in one deck, champion and challenger: which of them she likes better.

Both lists are dealt whole, shared brands once. A person's score is (1 + P_B - P_A) / 2 with P the
hit rate of a version's list: the difference within a person needs far fewer people than two groups.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recsys.deck import Arm, Card, Lists, Stratum, card_of, shuffled
from recsys.errors import NotEnoughBrandsError
from recsys.pairing import Shelf
from recsys.stats import Estimate, Floats
from recsys.tables import Unit, mean_of


@dataclass(frozen=True, slots=True)
class Duel:
    """How far the challenger is ahead of the champion."""

    score: Estimate  # mean of (1 + P_B - P_A) / 2; its bounds hold at every look
    ahead: str | None  # "challenger" or "champion" once proven, each at half of alpha

    @property
    def difference(self) -> float | None:
        """Return the challenger's hit rate less the champion's."""
        return None if self.score.value is None else 2 * self.score.value - 1


def deal_duel(
    champion: Sequence[str],
    challenger: Sequence[str],
    shelf: Shelf,
    known: Collection[str],
    seed: int,
    length: int = 10,
    block: int = 4,
) -> tuple[Card, ...]:
    """Lay out the two lists of so many brands, each brand once, shuffled in blocks.

    Raises NotEnoughBrandsError where a list is shorter.
    """
    ours, theirs = list(champion)[:length], list(challenger)[:length]
    if min(len(ours), len(theirs)) < length:
        raise NotEnoughBrandsError(length, min(len(ours), len(theirs)), "picks of each version")
    lists = Lists(ours, (), known)
    cards = [card_of(name, shelf, lists, Stratum.PICK, ours, ()) for name in ours]
    cards = [_also(card, theirs) for card in cards]
    own = [name for name in theirs if name not in ours]
    cards += [
        replace(
            card_of(name, shelf, lists, Stratum.CHALLENGER, (), ()),
            arms=frozenset({Arm.CHALLENGER}),
        )
        for name in own
    ]
    return tuple(shuffled(cards, block, np.random.default_rng(seed)))


def _also(card: Card, theirs: Collection[str]) -> Card:
    arms = card.arms | {Arm.CHALLENGER} if card.brand in theirs else card.arms
    return replace(card, arms=arms)


def duel_of(scores: Floats, alpha: float, unit: Unit) -> Duel | None:
    """Return the duel of scores in the order of closing; NaN of who was dealt one version."""
    known = scores[~np.isnan(scores)]
    if not known.size:
        return None
    found = mean_of(known, alpha, unit)
    return Duel(found, _ahead(found))


def _ahead(found: Estimate) -> str | None:
    if found.low is None or found.high is None or found.low <= 0.5 <= found.high:
        return None
    return "challenger" if found.low > 0.5 else "champion"
