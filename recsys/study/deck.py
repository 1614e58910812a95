"""Deal a deck of picks, baseline brands and decoys: blind, shuffled, frozen and hashed."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.errors import NotEnoughBrandsError
from recsys.study.decoys import BrandPool, DecoyPair, MatchLevel, free_brands, match_decoys


class Source(StrEnum):
    """The list that proposed a card."""

    PICK = "pick"
    BASELINE = "baseline"
    DECOY = "decoy"
    CHALLENGER = "challenger"  # second model version, in a paired comparison deck


class Origin(StrEnum):
    """The kind of history that a deck was computed from. A live study counts only OWN."""

    OWN = "own"
    ELICITED = "elicited"  # brands that a guest named
    PERSONA = "persona"  # made-up history
    SIMULATED = "simulated"
    PRACTICE = "practice"


class HistoryDepth(StrEnum):
    """How much history the shop has of a person: see `Policy.least_brands`."""

    ENOUGH = "enough"
    THIN = "thin"


class CardRole(StrEnum):
    """The role of a card in the deck. The values are stored."""

    PICK = "pick"  # on the model's list
    BASELINE_ONLY = "unique"  # on the baseline's list and not a pick
    MATCHED_DECOY = "far"  # scored: no own view or purchase, paired with a pick
    FAMILIAR_DECOY = "near"  # own view or purchase, not picked; reported, not scored
    FILLER = "spare"  # a decoy that fills a vacant place; never scored
    CHALLENGER_ONLY = "challenger"  # on the second version's list only


@dataclass(frozen=True, slots=True)
class Card:
    """A card with its hidden facts. It stays on the server until the deck is closed."""

    position: int  # from 1
    brand: str
    category: str
    sources: frozenset[Source]
    role: CardRole
    partner: int | None  # position of the paired card (pick <-> matched decoy)
    match_level: MatchLevel | None  # where the decoy of the pair was found
    known: bool  # the participant has a view or purchase of the brand
    popularity: int  # customers with a purchase of the brand, in the model's sample


@dataclass(frozen=True, slots=True)
class Face:
    """The part of a card that the browser may see. It depends on brand and catalog alone."""

    position: int
    brand: str
    picture: str | None
    category: str
    products: tuple[str, ...]  # up to three titles


@dataclass(frozen=True, slots=True)
class DeckRecipe:
    """The number of cards of each role. The default is the study deck of 20 cards."""

    picks: int = 10
    baseline: int = 5  # brands on the baseline's list only
    scored: int = 4  # matched decoys, each paired with a pick
    near: int = 1  # familiar decoys
    block: int = 4  # cards per shuffled block

    @property
    def cards(self) -> int:
        """The number of cards in the deck."""
        return self.picks + self.baseline + self.scored + self.near


SHORT_RECIPE = DeckRecipe(picks=4, baseline=2, scored=2, near=0)
"""Eight cards, for ELICITED decks (a guest has only named a few brands) and PRACTICE decks."""


@dataclass(frozen=True, slots=True)
class Deck:
    """A dealt deck; it is never changed."""

    id: str  # random; the only field that the browser sees
    study: str  # hash of the study
    participant: str  # pseudonym
    origin: Origin
    evidence: HistoryDepth
    model: str  # hash of the model version
    seed: int  # 128 random bits
    cards: tuple[Card, ...]
    hash: str


@dataclass(frozen=True, slots=True)
class RankedProposals:
    """Brand names that model and baseline propose to one participant, best first."""

    picks: Sequence[str]  # longer than the deck needs; none of them becomes a decoy
    baseline: Sequence[str]  # as long as the deck's picks, for a fair comparison
    known_brands: Collection[str]  # viewed or bought by the participant
    revealed: Collection[str] = ()  # shown in earlier decks, or named by the participant


def deal_deck(
    proposals: RankedProposals, pool: BrandPool, recipe: DeckRecipe, seed: int
) -> tuple[Card, ...]:
    """Return the shuffled cards of a deck; raise NotEnoughBrandsError if the shop is too small.

    Parameters
    ----------
    proposals, pool, recipe
        Lists of model and baseline; all brands; number of picks, baseline brands and decoys.
    seed
        128 random bits. The same arguments deal the same cards.
    """
    rng = np.random.default_rng(seed)
    revealed = set(proposals.revealed)
    picks = [name for name in proposals.picks if name not in revealed][: recipe.picks]
    baseline = [name for name in proposals.baseline if name not in revealed]
    if len(picks) < recipe.picks:
        raise NotEnoughBrandsError(recipe.picks, len(picks), "picks")
    baseline_only = [name for name in baseline if name not in picks]
    # random: taking only the baseline's best would show a lift between two equally good rankers
    chosen = rng.permutation(len(baseline_only))[: recipe.baseline]
    baseline_only = [baseline_only[i] for i in sorted(chosen)]
    on_lists = {*picks, *baseline, *proposals.picks, *revealed}
    known_codes = pool.codes_of(proposals.known_brands)
    free_codes = free_brands(pool, np.append(known_codes, pool.codes_of(on_lists)))
    pairs = match_decoys(picks, pool, free_codes, recipe.scored)
    cards = [make_card(name, pool, proposals, CardRole.PICK, picks, baseline) for name in picks]
    cards += [
        make_card(name, pool, proposals, CardRole.BASELINE_ONLY, picks, baseline)
        for name in baseline_only
    ]
    cards += [
        make_card(decoy, pool, proposals, CardRole.MATCHED_DECOY, picks, baseline)
        for _, decoy, _ in pairs
    ]
    cards += _unscored_decoys(cards, proposals, pool, known_codes, free_codes, recipe, rng)
    return _link_pairs(shuffle_cards(cards, recipe.block, rng), pairs)


def make_card(
    name: str,
    pool: BrandPool,
    proposals: RankedProposals,
    role: CardRole,
    pick_names: Collection[str],
    baseline_names: Collection[str],
) -> Card:
    """Return the card of a brand. Position (0), partner and match level are set later."""
    code = pool.codes[name]
    sources = {
        source
        for source, names in ((Source.PICK, pick_names), (Source.BASELINE, baseline_names))
        if name in names
    }
    return Card(
        position=0,
        brand=name,
        category=str(pool.category_names[pool.category[code]]),
        sources=frozenset(sources or {Source.DECOY}),
        role=role,
        partner=None,
        match_level=None,
        known=name in proposals.known_brands,
        popularity=int(pool.buyers[code]),
    )


def _unscored_decoys(
    cards: Sequence[Card],
    proposals: RankedProposals,
    pool: BrandPool,
    known_codes: NDArray[np.intp],
    free_codes: NDArray[np.intp],
    recipe: DeckRecipe,
    rng: np.random.Generator,
) -> list[Card]:
    """Return familiar decoys, then fillers from the free brands for all vacant places."""
    on_cards = pool.codes_of(card.brand for card in cards)
    taken = np.append(on_cards, pool.codes_of([*proposals.baseline, *proposals.revealed]))
    familiar_codes = np.sort(known_codes[pool.allowed[known_codes] & ~np.isin(known_codes, taken)])
    familiar = familiar_codes[rng.permutation(len(familiar_codes))[: recipe.near]]
    n_vacant = recipe.cards - len(cards) - len(familiar)
    available = free_codes[~np.isin(free_codes, on_cards)]
    if len(available) < n_vacant:
        raise NotEnoughBrandsError(n_vacant, len(available), "decoys")
    fillers = rng.choice(available, n_vacant, replace=False)
    return [
        make_card(str(pool.names[code]), pool, proposals, stratum, (), ())
        for codes, stratum in ((familiar, CardRole.FAMILIAR_DECOY), (fillers, CardRole.FILLER))
        for code in codes
    ]


def shuffle_cards(cards: Sequence[Card], block: int, rng: np.random.Generator) -> list[Card]:
    """Spread each role evenly over the blocks, then shuffle the blocks and the cards in each."""
    blocks: list[list[Card]] = [[] for _ in range(-(-len(cards) // block))]
    parts: dict[str, list[Card]] = {"pick": [], "unique": [], "challenger": [], "decoy": []}
    for card in cards:
        parts["decoy" if Source.DECOY in card.sources else card.role.value].append(card)
    in_order = [part[i] for part in parts.values() for i in rng.permutation(len(part))]
    for i, card in enumerate(in_order):
        blocks[i % len(blocks)].append(card)
    order = rng.permutation(len(blocks))
    shuffled = [blocks[b][i] for b in order for i in rng.permutation(len(blocks[b]))]
    return [replace(card, position=place) for place, card in enumerate(shuffled, start=1)]


def _link_pairs(cards: Sequence[Card], pairs: Sequence[DecoyPair]) -> tuple[Card, ...]:
    """Set partner and match level on both cards of each pair."""
    positions = {card.brand: card.position for card in cards}
    partner: dict[str, tuple[int, MatchLevel]] = {}
    for pick, decoy, match_level in pairs:
        partner[pick], partner[decoy] = (
            (positions[decoy], match_level),
            (positions[pick], match_level),
        )
    return tuple(
        replace(card, partner=partner[card.brand][0], match_level=partner[card.brand][1])
        if card.brand in partner
        else card
        for card in cards
    )


def with_hash(deck: Deck) -> Deck:
    """Return the deck with its hash filled in."""
    return replace(deck, hash=deck_hash(deck))


def deck_hash(deck: Deck) -> str:
    """Return the SHA-256 of all dealt facts. No participant: it stays true after a withdrawal."""
    text = json.dumps(
        {
            "id": deck.id,
            "study": deck.study,
            "origin": deck.origin,
            "evidence": deck.evidence,
            "model": deck.model,
            "seed": str(deck.seed),
            "cards": [card_to_row(card) for card in deck.cards],
        },
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def card_to_row(card: Card) -> dict[str, Any]:
    """Return a card as plain data; `card_from_row` reads it back."""
    return {
        "position": card.position,
        "brand": card.brand,
        "category": card.category,
        "arms": sorted(card.sources),
        "stratum": card.role,
        "partner": card.partner,
        "step": card.match_level,
        "known": card.known,
        "popularity": card.popularity,
    }


def card_from_row(data: Mapping[str, Any]) -> Card:
    """Read a card from the plain data of `card_to_row`."""
    return Card(
        position=data["position"],
        brand=data["brand"],
        category=data["category"],
        sources=frozenset(Source(arm) for arm in data["arms"]),
        role=CardRole(data["stratum"]),
        partner=data["partner"],
        match_level=MatchLevel(data["step"]) if data["step"] else None,
        known=data["known"],
        popularity=data["popularity"],
    )
