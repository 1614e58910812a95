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
from recsys.study.decoys import Pair, Shelf, Step, free_brands, paired


class Arm(StrEnum):
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


class Known(StrEnum):
    """How much the shop knows of the person."""

    ENOUGH = "enough"
    THIN = "thin"


class Stratum(StrEnum):
    """What part a card plays."""

    PICK = "pick"  # from the model's list
    UNIQUE = "unique"  # from the rival's list alone
    FAR = "far"  # a scored decoy: no own view or purchase, paired with a pick
    NEAR = "near"  # own history, yet not picked: reported, never scored
    SPARE = "spare"  # a decoy that fills a vacant place: never scored
    CHALLENGER = "challenger"  # from the second version's list alone


@dataclass(frozen=True, slots=True)
class Card:
    """The whole card. Stays on the server until the deck is closed."""

    position: int  # from 1
    brand: str
    category: str
    arms: frozenset[Arm]
    stratum: Stratum
    partner: int | None  # position of the paired card (pick <-> far decoy)
    step: Step | None  # how far its partner had to be sought
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


TASTER = DeckRecipe(picks=4, baseline=2, scored=2, near=0)
"""Eight cards for somebody who has only named a few brands."""


@dataclass(frozen=True, slots=True)
class Deck:
    """Dealt once, never changed."""

    id: str  # random, the only part of this the browser sees
    study: str  # hash of the study
    participant: str  # pseudonym
    origin: Origin
    evidence: Known
    model: str  # hash of the model version
    seed: int  # 128 random bits
    cards: tuple[Card, ...]
    hash: str


@dataclass(frozen=True, slots=True)
class Lists:
    """What the two rankers propose to one person, best first, as brand names."""

    picks: Sequence[str]  # longer than the deck's: no decoy is taken from any of them
    baseline: Sequence[str]  # as long as the picks, so that both lists may be compared
    known: Collection[str]  # brands she has a view or purchase of
    revealed: Collection[str] = ()  # brands of her earlier decks, and those she named


def deal(lists: Lists, shelf: Shelf, recipe: DeckRecipe, seed: int) -> tuple[Card, ...]:
    """Lay out one deck: picks, a random part of the rival's own brands, decoys; shuffled.

    `seed` has 128 random bits; the same lists, shelf, recipe and seed deal the same cards.
    Raises NotEnoughBrandsError when the shop is too small for the recipe.
    """
    rng = np.random.default_rng(seed)
    gone = set(lists.revealed)
    picks = [name for name in lists.picks if name not in gone][: recipe.picks]
    rival = [name for name in lists.baseline if name not in gone]
    if len(picks) < recipe.picks:
        raise NotEnoughBrandsError(recipe.picks, len(picks), "picks")
    unique = [name for name in rival if name not in picks]
    # a random part: the rival's best alone would show a lift between equally good rankers
    part = rng.permutation(len(unique))[: recipe.baseline]
    unique = [unique[i] for i in sorted(part)]
    shown = {*picks, *rival, *lists.picks, *gone}
    known = shelf.codes_of(lists.known)
    free = free_brands(shelf, np.append(known, shelf.codes_of(shown)))
    pairs = paired(picks, shelf, free, recipe.scored)
    cards = [card_of(name, shelf, lists, Stratum.PICK, picks, rival) for name in picks]
    cards += [card_of(name, shelf, lists, Stratum.UNIQUE, picks, rival) for name in unique]
    cards += [card_of(decoy, shelf, lists, Stratum.FAR, picks, rival) for _, decoy, _ in pairs]
    cards += _fillers(cards, lists, shelf, known, free, recipe, rng)
    return _partnered(shuffled(cards, recipe.block, rng), pairs)


def card_of(
    name: str,
    shelf: Shelf,
    lists: Lists,
    stratum: Stratum,
    picks: Collection[str],
    rival: Collection[str],
) -> Card:
    """Return the card of a brand, not yet in its place."""
    code = shelf.codes[name]
    arms = {arm for arm, of in ((Arm.PICK, picks), (Arm.BASELINE, rival)) if name in of}
    return Card(
        position=0,
        brand=name,
        category=str(shelf.category_names[shelf.category[code]]),
        arms=frozenset(arms or {Arm.DECOY}),
        stratum=stratum,
        partner=None,
        step=None,
        known=name in lists.known,
        popularity=int(shelf.buyers[code]),
    )


def _fillers(
    cards: Sequence[Card],
    lists: Lists,
    shelf: Shelf,
    known: NDArray[np.intp],
    free: NDArray[np.intp],
    recipe: DeckRecipe,
    rng: np.random.Generator,
) -> list[Card]:
    """Near decoys, then spare ones of the free brands for every place still vacant."""
    shown = shelf.codes_of(card.brand for card in cards)
    taken = np.append(shown, shelf.codes_of([*lists.baseline, *lists.revealed]))
    own = np.sort(known[shelf.allowed[known] & ~np.isin(known, taken)])
    near = own[rng.permutation(len(own))[: recipe.near]]
    vacant = recipe.cards - len(cards) - len(near)
    left = free[~np.isin(free, shown)]
    if len(left) < vacant:
        raise NotEnoughBrandsError(vacant, len(left), "decoys")
    spare = rng.choice(left, vacant, replace=False)
    return [
        card_of(str(shelf.names[code]), shelf, lists, stratum, (), ())
        for codes, stratum in ((near, Stratum.NEAR), (spare, Stratum.SPARE))
        for code in codes
    ]


def shuffled(cards: Sequence[Card], block: int, rng: np.random.Generator) -> list[Card]:
    """Spread each part over the blocks, then shuffle the blocks and the cards in them."""
    blocks: list[list[Card]] = [[] for _ in range(-(-len(cards) // block))]
    parts: dict[str, list[Card]] = {"pick": [], "unique": [], "challenger": [], "decoy": []}
    for card in cards:
        parts["decoy" if Arm.DECOY in card.arms else card.stratum.value].append(card)
    dealt = [part[i] for part in parts.values() for i in rng.permutation(len(part))]
    for i, card in enumerate(dealt):
        blocks[i % len(blocks)].append(card)
    order = rng.permutation(len(blocks))
    mixed = [blocks[b][i] for b in order for i in rng.permutation(len(blocks[b]))]
    return [replace(card, position=place) for place, card in enumerate(mixed, start=1)]


def _partnered(cards: Sequence[Card], pairs: Sequence[Pair]) -> tuple[Card, ...]:
    """Write each pair's positions and step on both of its cards."""
    at = {card.brand: card.position for card in cards}
    partner: dict[str, tuple[int, Step]] = {}
    for pick, decoy, step in pairs:
        partner[pick], partner[decoy] = (at[decoy], step), (at[pick], step)
    return tuple(
        replace(card, partner=partner[card.brand][0], step=partner[card.brand][1])
        if card.brand in partner
        else card
        for card in cards
    )


def seal(deck: Deck) -> Deck:
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
            "cards": [card_to_dict(card) for card in deck.cards],
        },
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def card_to_dict(card: Card) -> dict[str, Any]:
    """A card as plain data; `card_from_dict` reads it back."""
    return {
        "position": card.position,
        "brand": card.brand,
        "category": card.category,
        "arms": sorted(card.arms),
        "stratum": card.stratum,
        "partner": card.partner,
        "step": card.step,
        "known": card.known,
        "popularity": card.popularity,
    }


def card_from_dict(data: Mapping[str, Any]) -> Card:
    """Read back what `card_to_dict` wrote."""
    return Card(
        position=data["position"],
        brand=data["brand"],
        category=data["category"],
        arms=frozenset(Arm(arm) for arm in data["arms"]),
        stratum=Stratum(data["stratum"]),
        partner=data["partner"],
        step=Step(data["step"]) if data["step"] else None,
        known=data["known"],
        popularity=data["popularity"],
    )
