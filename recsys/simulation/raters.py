"""Simulated employees of the planted shop: they answer a deck from what they truly love.

Everything here is derived from two tables beside a planted log: the truth and the catalogue of
brands. Every figure of a Behaviour is an assumption; what comes out tests the instrument, and
says nothing of real people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log

import numpy as np
import pandas as pd

from recsys.errors import BadInputError, UnknownNameError
from recsys.simulation.shop import Truth
from recsys.study.deck import Card, Deck
from recsys.study.swipes import Answer

FIRST, LAST = 0.002, 0.998  # a chance stays within these, so that its log odds exist


@dataclass(frozen=True, slots=True)
class Taste:
    """What one person loves."""

    favourites: tuple[str, ...]  # strongest first
    groups: frozenset[str] = frozenset()  # taste groups


@dataclass(frozen=True, slots=True)
class Market:
    """What everybody knows of brands. A brand that is not here has no taste and no fame."""

    groups: Mapping[str, frozenset[str]]
    fame: Mapping[str, float]  # 1 for the best known brand, 0 for the least

    @classmethod
    def of(cls, brands: pd.DataFrame) -> "Market":
        """Return the market of a catalogue with the columns of data/brands.csv."""
        widest = log(max(len(brands), 2))
        ranks = brands["popularity_rank"].rank()
        sets = brands["taste_groups"].str.split(";")
        return cls(
            {name: frozenset(row) for name, row in zip(brands["name"], sets, strict=True)},
            {n: 1 - log(rank) / widest for n, rank in zip(brands["name"], ranks, strict=True)},
        )


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a panel answers; every figure is assumed. Shares and chances are from 0 to 1."""

    truth: float = 0.98  # says favourite of a true favourite
    near: float = 0.94  # of another brand of her taste groups that she has bought or looked at
    fresh: float = 0.42  # of a brand of her taste groups that is new to her
    yes_bias: float = 0.28  # of any other brand
    fame_bias: float = 0.0  # log odds that the best known brand gains and the least known loses
    spread: float = 0.35  # sd between people in log odds: some say yes more easily
    super_like: float = 0.45  # of what she says she loves among her three strongest favourites
    dont_know: float = 0.06  # does not know the least known brand
    careless: float = 0.0  # flips a coin, too fast to have read the card
    leaves_early: float = 0.03  # stops somewhere before the end

    def __post_init__(self) -> None:
        for name in set(self.__slots__) - {"fame_bias", "spread"}:
            if not 0 <= getattr(self, name) <= 1:
                raise BadInputError(f"{name} is {getattr(self, name)}; give a share from 0 to 1.")
        if not self.spread >= 0:
            raise BadInputError(f"spread is {self.spread}; give a deviation of 0 or more.")


HONEST = Behaviour()
"""A good model's picks are liked about 85 times in 100, its scored decoys about 33."""

POLITE = Behaviour(truth=0.9, near=0.84, fresh=0.77, yes_bias=0.74, super_like=0.25)
"""Says yes to nearly everything: the picks look as good, and so do the decoys."""

FAME = Behaviour(truth=0.90, near=0.70, fresh=0.50, yes_bias=0.40, fame_bias=2.5)
"""Loves what is famous, whoever proposed it."""

KEEN = Behaviour(
    truth=1.0, near=1.0, fresh=0.45, yes_bias=0.36, spread=0.1, dont_know=0.15, leaves_early=0.0
)
"""Sure of what they love: in about three of four studies, 40 of them decide for a good model."""

CARELESS = Behaviour(careless=0.4, leaves_early=0.15)
"""Many flip a coin and some walk away."""

PANELS: dict[str, Behaviour] = {
    "honest": HONEST,
    "keen": KEEN,
    "polite": POLITE,
    "fame": FAME,
    "careless": CARELESS,
}


@dataclass(frozen=True, slots=True)
class Reaction:
    """One simulated swipe."""

    position: int  # of the card, from 1
    answer: Answer
    shown_ms: int  # how long the card lay open


def panel(name: str) -> Behaviour:
    """Return a behaviour by name. Raises UnknownNameError with the known ones."""
    if name not in PANELS:
        raise UnknownNameError("panel", name, PANELS)
    return PANELS[name]


def tastes(truth: pd.DataFrame) -> dict[str, Taste]:
    """Return the taste of every customer in a table of truth (the columns of shop.Truth)."""
    ordered = truth.sort_values([Truth.CUSTOMER, Truth.STRENGTH], kind="stable")
    customer, brand = (
        ordered[name].to_numpy(dtype=object) for name in (Truth.CUSTOMER, Truth.BRAND)
    )
    starts = np.flatnonzero(~ordered[Truth.CUSTOMER].duplicated().to_numpy())
    groups = ordered[Truth.GROUPS].to_numpy(dtype=object)[starts]
    mine = np.split(brand, starts)[1:]  # what stands before the first start is nobody's
    return {
        str(customer[start]): Taste(tuple(loved), frozenset(own.split(";")))
        for start, loved, own in zip(starts, mine, groups, strict=True)
    }


def liking(
    brand: str, taste: Taste, market: Market, behaviour: Behaviour, known: bool = False
) -> float:
    """Return the chance that an average person of this panel and taste calls it a favourite.

    `known`: she has bought or looked at it.
    """
    if brand in taste.favourites:
        chance = behaviour.truth
    elif taste.groups & market.groups.get(brand, frozenset()):
        chance = behaviour.near if known else behaviour.fresh
    else:
        chance = behaviour.yes_bias
    return _moved(chance, behaviour.fame_bias * (2 * market.fame.get(brand, 0.0) - 1))


def _moved(chance: float, by: float) -> float:
    """Return a chance whose log odds are moved by so much."""
    if by == 0:
        return chance
    inside = min(max(chance, FIRST), LAST)
    return 1 / (1 + exp(-log(inside / (1 - inside)) - by))


def answers(
    deck: Deck, taste: Taste, market: Market, behaviour: Behaviour, rng: np.random.Generator
) -> list[Reaction]:
    """Return what one person says of the cards in their order, all of them or the first few.

    It depends on the brand and on whether she knows it: nobody sees who proposed a card.
    """
    careless = rng.random() < behaviour.careless
    cards = deck.cards[: _played(len(deck.cards), behaviour, rng)]
    if careless:
        return [_flip(card, rng) for card in cards]
    mood = float(rng.normal(0, behaviour.spread))
    return [
        Reaction(c.position, _answer(c, taste, market, behaviour, mood, rng), _reading(rng))
        for c in cards
    ]


def _played(cards: int, behaviour: Behaviour, rng: np.random.Generator) -> int:
    """Return how many cards she answers: all, or for who leaves early at least one fewer."""
    leaves, after = rng.random() < behaviour.leaves_early, int(rng.integers(0, max(cards, 1)))
    return after if leaves else cards


def _flip(card: Card, rng: np.random.Generator) -> Reaction:
    answer = Answer.FAVOURITE if rng.random() < 0.5 else Answer.NOT_FAVOURITE
    return Reaction(card.position, answer, int(rng.integers(90, 290)))


def _answer(
    card: Card,
    taste: Taste,
    market: Market,
    behaviour: Behaviour,
    mood: float,
    rng: np.random.Generator,
) -> Answer:
    unknown, liked, loved = rng.random(3)
    strange = (1 - market.fame.get(card.brand, 0.0)) ** 2
    if card.brand not in taste.favourites and unknown < behaviour.dont_know * strange:
        return Answer.DONT_KNOW
    if liked >= _moved(liking(card.brand, taste, market, behaviour, card.known), mood):
        return Answer.NOT_FAVOURITE
    strongest = card.brand in taste.favourites[:3]
    share = behaviour.super_like if strongest else behaviour.super_like / 5
    return Answer.SUPER_LIKE if loved < share else Answer.FAVOURITE


def _reading(rng: np.random.Generator) -> int:
    """Return how long somebody who reads looks at a card: mostly one to four seconds."""
    return int(np.clip(rng.lognormal(7.6, 0.45), 700, 20_000))
