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
from recsys.simulation.shop import TruthCol
from recsys.study.deck import Card, Deck
from recsys.study.swipes import Answer

MIN_CHANCE, MAX_CHANCE = 0.002, 0.998  # a chance stays within these, so that its log odds exist


@dataclass(frozen=True, slots=True)
class TrueTaste:
    """What one person loves."""

    favourites: tuple[str, ...]  # strongest first
    groups: frozenset[str] = frozenset()  # taste groups


@dataclass(frozen=True, slots=True)
class BrandKnowledge:
    """What everybody knows of brands. A brand that is not here has no taste and no fame."""

    groups: Mapping[str, frozenset[str]]
    popularity: Mapping[str, float]  # 1 for the best known brand, 0 for the least

    @classmethod
    def from_catalog(cls, brands: pd.DataFrame) -> "BrandKnowledge":
        """Return the market of a catalogue with the columns of data/brands.csv."""
        max_log_rank = log(max(len(brands), 2))
        ranks = brands["popularity_rank"].rank()
        group_sets = brands["taste_groups"].str.split(";")
        return cls(
            {name: frozenset(row) for name, row in zip(brands["name"], group_sets, strict=True)},
            {
                n: 1 - log(rank) / max_log_rank
                for n, rank in zip(brands["name"], ranks, strict=True)
            },
        )


@dataclass(frozen=True, slots=True)
class RaterBehavior:
    """How a panel answers; every figure is assumed. Shares and chances are from 0 to 1."""

    true_favourite: float = 0.98  # says favourite of a true favourite
    known_in_taste: float = (
        0.94  # of another brand of her taste groups that she has bought or looked at
    )
    new_in_taste: float = 0.42  # of a brand of her taste groups that is new to her
    yes_bias: float = 0.28  # of any other brand
    popularity_bias: float = (
        0.0  # log odds that the best known brand gains and the least known loses
    )
    spread: float = 0.35  # sd between people in log odds: some say yes more easily
    super_like: float = 0.45  # of what she says she loves among her three strongest favourites
    dont_know: float = 0.06  # does not know the least known brand
    careless: float = 0.0  # flips a coin, too fast to have read the card
    leaves_early: float = 0.03  # stops somewhere before the end

    def __post_init__(self) -> None:
        for name in set(self.__slots__) - {"popularity_bias", "spread"}:
            if not 0 <= getattr(self, name) <= 1:
                raise BadInputError(f"{name} is {getattr(self, name)}; give a share from 0 to 1.")
        if not self.spread >= 0:
            raise BadInputError(f"spread is {self.spread}; give a deviation of 0 or more.")


HONEST = RaterBehavior()
"""A good model's picks are liked about 85 times in 100, its scored decoys about 33."""

POLITE = RaterBehavior(
    true_favourite=0.9, known_in_taste=0.84, new_in_taste=0.77, yes_bias=0.74, super_like=0.25
)
"""Says yes to nearly everything: the picks look as good, and so do the decoys."""

POPULARITY_BIASED = RaterBehavior(
    true_favourite=0.90, known_in_taste=0.70, new_in_taste=0.50, yes_bias=0.40, popularity_bias=2.5
)
"""Loves what is famous, whoever proposed it."""

KEEN = RaterBehavior(
    true_favourite=1.0,
    known_in_taste=1.0,
    new_in_taste=0.45,
    yes_bias=0.36,
    spread=0.1,
    dont_know=0.15,
    leaves_early=0.0,
)
"""Sure of what they love: in about three of four studies, 40 of them decide for a good model."""

CARELESS = RaterBehavior(careless=0.4, leaves_early=0.15)
"""Many flip a coin and some walk away."""

PANELS: dict[str, RaterBehavior] = {
    "honest": HONEST,
    "keen": KEEN,
    "polite": POLITE,
    "fame": POPULARITY_BIASED,
    "careless": CARELESS,
}


@dataclass(frozen=True, slots=True)
class SimulatedAnswer:
    """One simulated swipe."""

    position: int  # of the card, from 1
    answer: Answer
    shown_ms: int  # how long the card lay open


def rater_panel(name: str) -> RaterBehavior:
    """Return a behaviour by name. Raises UnknownNameError with the known ones."""
    if name not in PANELS:
        raise UnknownNameError("panel", name, PANELS)
    return PANELS[name]


def true_tastes(truth: pd.DataFrame) -> dict[str, TrueTaste]:
    """Return the taste of every customer in a table of truth (the columns of shop.Truth)."""
    ordered = truth.sort_values([TruthCol.CUSTOMER, TruthCol.STRENGTH], kind="stable")
    customer, brand = (
        ordered[name].to_numpy(dtype=object) for name in (TruthCol.CUSTOMER, TruthCol.BRAND)
    )
    starts = np.flatnonzero(~ordered[TruthCol.CUSTOMER].duplicated().to_numpy())
    groups = ordered[TruthCol.GROUPS].to_numpy(dtype=object)[starts]
    brands_per_customer = np.split(brand, starts)[
        1:
    ]  # what stands before the first start is nobody's
    return {
        str(customer[start]): TrueTaste(tuple(favourites), frozenset(own.split(";")))
        for start, favourites, own in zip(starts, brands_per_customer, groups, strict=True)
    }


def favourite_probability(
    brand: str,
    taste: TrueTaste,
    knowledge: BrandKnowledge,
    behavior: RaterBehavior,
    known: bool = False,
) -> float:
    """Return the chance that an average person of this panel and taste calls it a favourite.

    `known`: she has bought or looked at it.
    """
    if brand in taste.favourites:
        chance = behavior.true_favourite
    elif taste.groups & knowledge.groups.get(brand, frozenset()):
        chance = behavior.known_in_taste if known else behavior.new_in_taste
    else:
        chance = behavior.yes_bias
    return _shift_log_odds(
        chance, behavior.popularity_bias * (2 * knowledge.popularity.get(brand, 0.0) - 1)
    )


def _shift_log_odds(chance: float, log_odds_shift: float) -> float:
    """Return a chance whose log odds are moved by so much."""
    if log_odds_shift == 0:
        return chance
    clipped = min(max(chance, MIN_CHANCE), MAX_CHANCE)
    return 1 / (1 + exp(-log(clipped / (1 - clipped)) - log_odds_shift))


def simulate_answers(
    deck: Deck,
    taste: TrueTaste,
    knowledge: BrandKnowledge,
    behavior: RaterBehavior,
    rng: np.random.Generator,
) -> list[SimulatedAnswer]:
    """Return what one person says of the cards in their order, all of them or the first few.

    It depends on the brand and on whether she knows it: nobody sees who proposed a card.
    """
    careless = rng.random() < behavior.careless
    cards = deck.cards[: _n_cards_answered(len(deck.cards), behavior, rng)]
    if careless:
        return [_coin_flip_answer(card, rng) for card in cards]
    mood = float(rng.normal(0, behavior.spread))
    return [
        SimulatedAnswer(
            c.position,
            _simulate_answer(c, taste, knowledge, behavior, mood, rng),
            _draw_reading_time(rng),
        )
        for c in cards
    ]


def _n_cards_answered(cards: int, behavior: RaterBehavior, rng: np.random.Generator) -> int:
    """Return how many cards she answers: all, or for who leaves early at least one fewer."""
    leaves_early, n_before_leaving = (
        rng.random() < behavior.leaves_early,
        int(rng.integers(0, max(cards, 1))),
    )
    return n_before_leaving if leaves_early else cards


def _coin_flip_answer(card: Card, rng: np.random.Generator) -> SimulatedAnswer:
    answer = Answer.FAVOURITE if rng.random() < 0.5 else Answer.NOT_FAVOURITE
    return SimulatedAnswer(card.position, answer, int(rng.integers(90, 290)))


def _simulate_answer(
    card: Card,
    taste: TrueTaste,
    knowledge: BrandKnowledge,
    behavior: RaterBehavior,
    mood: float,
    rng: np.random.Generator,
) -> Answer:
    unknown_draw, like_draw, super_like_draw = rng.random(3)
    unfamiliarity = (1 - knowledge.popularity.get(card.brand, 0.0)) ** 2
    if card.brand not in taste.favourites and unknown_draw < behavior.dont_know * unfamiliarity:
        return Answer.DONT_KNOW
    if like_draw >= _shift_log_odds(
        favourite_probability(card.brand, taste, knowledge, behavior, card.known), mood
    ):
        return Answer.NOT_FAVOURITE
    is_top_favourite = card.brand in taste.favourites[:3]
    share = behavior.super_like if is_top_favourite else behavior.super_like / 5
    return Answer.SUPER_LIKE if super_like_draw < share else Answer.FAVOURITE


def _draw_reading_time(rng: np.random.Generator) -> int:
    """Return how long somebody who reads looks at a card: mostly one to four seconds."""
    return int(np.clip(rng.lognormal(7.6, 0.45), 700, 20_000))
