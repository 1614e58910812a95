"""Simulated employees of the planted shop. They answer a deck from their true favourites.

The only inputs are two tables beside a planted log: the truth and the catalogue of brands. Every
value of a RaterBehavior is an assumption. The results test the study method and say nothing about
real people.
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

MIN_CHANCE, MAX_CHANCE = 0.002, 0.998  # limits of a chance, so that its log odds are finite


@dataclass(frozen=True, slots=True)
class TrueTaste:
    """The true taste of one person."""

    favourites: tuple[str, ...]  # strongest first
    groups: frozenset[str] = frozenset()  # taste groups


@dataclass(frozen=True, slots=True)
class BrandKnowledge:
    """Public facts about brands. An unlisted brand has no taste groups and popularity 0."""

    groups: Mapping[str, frozenset[str]]
    popularity: Mapping[str, float]  # from 0, the least known brand, to 1

    @classmethod
    def from_catalog(cls, brands: pd.DataFrame) -> "BrandKnowledge":
        """Return the knowledge in a catalogue with the columns of data/brands.csv."""
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
    """Answering behavior of a panel, which is a group of raters. Assumed values, chances 0 to 1."""

    # chance of a "favourite" answer, by kind of brand
    true_favourite: float = 0.98  # a true favourite
    known_in_taste: float = 0.94  # another brand of the taste groups, bought or viewed before
    new_in_taste: float = 0.42  # a brand of the taste groups that is new to the person
    yes_bias: float = 0.28  # any other brand
    popularity_bias: float = 0.0  # log odds: added for the best known brand, removed for the least
    spread: float = 0.35  # sd between people in log odds: some say yes more easily
    super_like: float = 0.45  # share of super likes among likes of the three strongest favourites
    dont_know: float = 0.06  # chance of "don't know" for the least known brand
    careless: float = 0.0  # share of people with random answers, too fast to have read the card
    leaves_early: float = 0.03  # share of people that stop before the end

    def __post_init__(self) -> None:
        for name in set(self.__slots__) - {"popularity_bias", "spread"}:
            if not 0 <= getattr(self, name) <= 1:
                raise BadInputError(f"{name} is {getattr(self, name)}; give a share from 0 to 1.")
        if not self.spread >= 0:
            raise BadInputError(f"spread is {self.spread}; give a standard deviation of 0 or more.")


HONEST = RaterBehavior()
"""With a good model, about 85% of picks and 33% of scored decoys are liked."""

POLITE = RaterBehavior(
    true_favourite=0.9, known_in_taste=0.84, new_in_taste=0.77, yes_bias=0.74, super_like=0.25
)
"""Yes to nearly every brand: picks are liked as often as by HONEST raters, but so are decoys."""

POPULARITY_BIASED = RaterBehavior(
    true_favourite=0.90, known_in_taste=0.70, new_in_taste=0.50, yes_bias=0.40, popularity_bias=2.5
)
"""Likes popular brands, whichever ranker proposed them."""

KEEN = RaterBehavior(
    true_favourite=1.0,
    known_in_taste=1.0,
    new_in_taste=0.45,
    yes_bias=0.36,
    spread=0.1,
    dont_know=0.15,
    leaves_early=0.0,
)
"""Sure of their favourites: with 40 raters, about 3 in 4 studies decide for a good model."""

CARELESS = RaterBehavior(careless=0.4, leaves_early=0.15)
"""Many answer at random, and some stop early."""

PANELS: dict[str, RaterBehavior] = {  # name of a panel -> behavior of its raters
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
    shown_ms: int  # milliseconds that the card was shown


def rater_panel(name: str) -> RaterBehavior:
    """Return the behavior of a panel's raters. Raises UnknownNameError for an unknown panel."""
    if name not in PANELS:
        raise UnknownNameError("panel", name, PANELS)
    return PANELS[name]


def true_tastes(truth: pd.DataFrame) -> dict[str, TrueTaste]:
    """Return the taste of every customer in a truth table (columns: shop.TruthCol)."""
    ordered = truth.sort_values([TruthCol.CUSTOMER, TruthCol.STRENGTH], kind="stable")
    customer, brand = (
        ordered[name].to_numpy(dtype=object) for name in (TruthCol.CUSTOMER, TruthCol.BRAND)
    )
    starts = np.flatnonzero(~ordered[TruthCol.CUSTOMER].duplicated().to_numpy())
    groups = ordered[TruthCol.GROUPS].to_numpy(dtype=object)[starts]
    brands_per_customer = np.split(brand, starts)[1:]  # the part before the first start is empty
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
    """Return the chance that an average rater of this taste calls the brand a favourite.

    `known` means that the person has bought or viewed the brand.
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
    """Return the chance after adding a shift to its log odds."""
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
    """Return the answers of one person to the cards in order: to all, or only to the first few.

    An answer depends on the brand and on whether it is known, never on the card's source.
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
    """Return the number of answered cards: all, or fewer for a person that leaves early."""
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
    """Return the reading time of one card in milliseconds: mostly one to four seconds."""
    return int(np.clip(rng.lognormal(7.6, 0.45), 700, 20_000))
