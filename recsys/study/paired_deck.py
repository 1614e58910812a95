"""Deal a paired comparison deck: the lists of two model versions, champion and challenger.

Both lists are dealt whole; a brand on both lists is dealt once. A participant's score is
(1 + P_B - P_A) / 2, with the precision P_A of the champion's list and P_B of the challenger's. A
difference within participants needs far fewer people than a comparison of two groups.
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
    """Deal the picks of two model versions, each brand once, shuffled in blocks.

    The champion's list is `proposals.picks`. Only `picks` and `block` of the recipe are used. The
    same lists and seed deal the same cards. Raises NotEnoughBrandsError if a list is too short.
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
    """Return the card, with CHALLENGER as a source if the brand is on the challenger's list."""
    if card.brand not in challenger_picks:
        return card
    return replace(card, sources=(card.sources - {Source.DECOY}) | {Source.CHALLENGER})
