"""Two model versions in one deck, champion and challenger: which of them she likes better.

Both lists are dealt whole, shared brands once. A person's score is (1 + P_B - P_A) / 2 with P the
hit rate of a version's list: the difference within a person needs far fewer people than two groups.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recsys.errors import NotEnoughBrandsError
from recsys.study.deck import (
    Card,
    CardRole,
    DeckRecipe,
    RankedProposals,
    Source,
    make_card,
    shuffle_cards,
)
from recsys.study.decoys import BrandPool


def deal_paired_deck(
    proposals: RankedProposals,
    challenger: Sequence[str],
    pool: BrandPool,
    recipe: DeckRecipe,
    seed: int,
) -> tuple[Card, ...]:
    """Lay out the picks of two versions, each brand once, shuffled in blocks.

    The champion's are those of `proposals`; of the recipe count picks and block. The same lists and
    seed deal the same cards. Raises NotEnoughBrandsError where a list is shorter than the recipe's.
    """
    revealed, n_picks = set(proposals.revealed), recipe.picks
    champion_picks = [name for name in proposals.picks if name not in revealed][:n_picks]
    challenger_picks = [name for name in challenger if name not in revealed][:n_picks]
    if min(len(champion_picks), len(challenger_picks)) < n_picks:
        raise NotEnoughBrandsError(
            n_picks, min(len(champion_picks), len(challenger_picks)), "picks of each version"
        )
    cards = [
        make_card(name, pool, proposals, CardRole.PICK, champion_picks, ())
        for name in champion_picks
    ]
    cards += [
        make_card(name, pool, proposals, CardRole.CHALLENGER_ONLY, (), ())
        for name in challenger_picks
        if name not in champion_picks
    ]
    credited_cards = [_add_challenger_source(card, challenger_picks) for card in cards]
    return tuple(shuffle_cards(credited_cards, recipe.block, np.random.default_rng(seed)))


def _add_challenger_source(card: Card, challenger_picks: Sequence[str]) -> Card:
    """Return the card with the challenger among its arms where the challenger names it."""
    if card.brand not in challenger_picks:
        return card
    return replace(card, sources=(card.sources - {Source.DECOY}) | {Source.CHALLENGER})
