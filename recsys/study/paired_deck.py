"""Two model versions in one deck, champion and challenger: which of them she likes better.

Both lists are dealt whole, shared brands once. A person's score is (1 + P_B - P_A) / 2 with P the
hit rate of a version's list: the difference within a person needs far fewer people than two groups.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recsys.errors import NotEnoughBrandsError
from recsys.study.deck import Arm, Card, DeckRecipe, Lists, Stratum, card_of, shuffled
from recsys.study.decoys import Shelf


def deal_duel(
    lists: Lists, challenger: Sequence[str], shelf: Shelf, recipe: DeckRecipe, seed: int
) -> tuple[Card, ...]:
    """Lay out the picks of two versions, each brand once, shuffled in blocks.

    The champion's are those of `lists`; of the recipe count picks and block. The same lists and
    seed deal the same cards. Raises NotEnoughBrandsError where a list is shorter than the recipe's.
    """
    gone, wanted = set(lists.revealed), recipe.picks
    ours = [name for name in lists.picks if name not in gone][:wanted]
    theirs = [name for name in challenger if name not in gone][:wanted]
    if min(len(ours), len(theirs)) < wanted:
        raise NotEnoughBrandsError(wanted, min(len(ours), len(theirs)), "picks of each version")
    cards = [card_of(name, shelf, lists, Stratum.PICK, ours, ()) for name in ours]
    cards += [
        card_of(name, shelf, lists, Stratum.CHALLENGER, (), ())
        for name in theirs
        if name not in ours
    ]
    credited = [_credited(card, theirs) for card in cards]
    return tuple(shuffled(credited, recipe.block, np.random.default_rng(seed)))


def _credited(card: Card, theirs: Sequence[str]) -> Card:
    """Return the card with the challenger among its arms where the challenger names it."""
    if card.brand not in theirs:
        return card
    return replace(card, arms=(card.arms - {Arm.DECOY}) | {Arm.CHALLENGER})
