"""picks + baseline + decoys -> Deck: blind, shuffled, frozen, hashed."""

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
    """Who proposed a card."""

    PICK = "pick"
    BASELINE = "baseline"
    DECOY = "decoy"
    CHALLENGER = "challenger"  # a second version of the model, in a duel


class Origin(StrEnum):
    """Whose history a deck was computed from. A live study counts OWN alone."""

    OWN = "own"
    ELICITED = "elicited"
    PERSONA = "persona"
    SIMULATED = "simulated"
    PRACTICE = "practice"


class HistoryDepth(StrEnum):
    """How much the shop knows of the person."""

    ENOUGH = "enough"
    THIN = "thin"


class CardRole(StrEnum):
    """What part a card plays."""

    PICK = "pick"  # from the model's list
    BASELINE_ONLY = "unique"  # from the rival's list alone
    MATCHED_DECOY = "far"  # a scored decoy: no own view or purchase, paired with a pick
    FAMILIAR_DECOY = "near"  # own history, yet not picked: reported, never scored
    FILLER = "spare"  # a decoy that fills a vacant place: never scored
    CHALLENGER_ONLY = "challenger"  # from the second version's list alone


@dataclass(frozen=True, slots=True)
class Card:
    """The whole card. Stays on the server until the deck is closed."""

    position: int  # from 1
    brand: str
    category: str
    sources: frozenset[Source]
    role: CardRole
    partner: int | None  # position of the paired card (pick <-> far decoy)
    match_level: MatchLevel | None  # how far its partner had to be sought
    known: bool  # she has a view or purchase of this brand
    popularity: int  # customers with a purchase of it, in the model's sample


@dataclass(frozen=True, slots=True)
class Face:
    """The half of a card that the browser may see: a function of brand and catalogue alone."""

    position: int
    brand: str
    picture: str | None
    category: str
    products: tuple[str, ...]  # up to three titles


@dataclass(frozen=True, slots=True)
class DeckRecipe:
    """How many cards of which part. The default is the study's deck of 20."""

    picks: int = 10
    baseline: int = 5
    scored: int = 4  # far decoys, each paired with a pick
    near: int = 1
    block: int = 4  # cards a shuffled block

    @property
    def cards(self) -> int:
        """Cards in the deck."""
        return self.picks + self.baseline + self.scored + self.near


SHORT_RECIPE = DeckRecipe(picks=4, baseline=2, scored=2, near=0)
"""Eight cards for somebody who has only named a few brands."""


@dataclass(frozen=True, slots=True)
class Deck:
    """Dealt once, never changed."""

    id: str  # random, the only part of this the browser sees
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
    """What the two rankers propose to one person, best first, as brand names."""

    picks: Sequence[str]  # longer than the deck's: no decoy is taken from any of them
    baseline: Sequence[str]  # as long as the picks, so that both lists may be compared
    known_brands: Collection[str]  # brands she has a view or purchase of
    revealed: Collection[str] = ()  # brands of her earlier decks, and those she named


def deal_deck(
    proposals: RankedProposals, pool: BrandPool, recipe: DeckRecipe, seed: int
) -> tuple[Card, ...]:
    """Lay out one deck: picks, a random part of the rival's own brands, decoys; shuffled.

    `seed` has 128 random bits; the same lists, shelf, recipe and seed deal the same cards.
    Raises NotEnoughBrandsError when the shop is too small for the recipe.
    """
    rng = np.random.default_rng(seed)
    revealed = set(proposals.revealed)
    picks = [name for name in proposals.picks if name not in revealed][: recipe.picks]
    baseline = [name for name in proposals.baseline if name not in revealed]
    if len(picks) < recipe.picks:
        raise NotEnoughBrandsError(recipe.picks, len(picks), "picks")
    baseline_only = [name for name in baseline if name not in picks]
    # a random part: the rival's best alone would show a lift between equally good rankers
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
    """Return the card of a brand, not yet in its place."""
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
    """Near decoys, then spare ones of the free brands for every place still vacant."""
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
    """Spread each part over the blocks, then shuffle the blocks and the cards in them."""
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
    """Write each pair's positions and step on both of its cards."""
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
    """SHA-256 over everything dealt. Not the participant: she may withdraw, the hash stays true."""
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
    """A card as plain data; `card_from_row` reads it back."""
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
    """Read back what `card_to_row` wrote."""
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
