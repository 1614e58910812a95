"""Decks of any recipe, over any overlap of the two lists, with any answers: what may be played."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from hypothesis import strategies as st

from app.workspace.policies import BUNDLED_POLICIES, bundled_policy
from recsys.models.base import BrandIndex
from recsys.study.deck import SHORT_RECIPE, Card, CardRole, DeckRecipe, RankedProposals, deal_deck
from recsys.study.decoys import BrandPool
from recsys.study.paired_deck import deal_paired_deck
from recsys.study.policy import Policy, Study, StudyKind
from recsys.study.swipes import Answer, CompletedDeck
from tests.support.closed_decks import D, F, N, S, card, closed, deck_of
from tests.support.toy_catalogs import catalogue

SHOP = catalogue(brands=120, categories=6)
BUYERS = np.arange(120, dtype=np.int64) * 37 % 120 + 50  # picks and decoys alike
SHELF = BrandPool.from_catalog(
    SHOP, BrandIndex(SHOP.lineage, SHOP.brands, SHOP.brand_sensitive, BUYERS)
)
NAMES = [str(name) for name in SHOP.brands]
MOST = 10  # brands in a list
ANSWERS = (N, F, S, D, None)
Says = Callable[[Card], Answer | None]


def of_recipe(rule: Policy, recipe: DeckRecipe) -> Policy:
    """The policy with another recipe, without the criteria that it cannot score."""
    cannot = {"discrimination": recipe.scored, "lift": recipe.baseline}
    criteria = tuple(c for c in rule.criteria if cannot.get(c.name, 1))
    return replace(rule, deck=recipe, criteria=criteria)


RELEASE = bundled_policy("release")
RULES = (
    *(bundled_policy(name) for name in BUNDLED_POLICIES),
    of_recipe(RELEASE, SHORT_RECIPE),
    of_recipe(RELEASE, DeckRecipe(picks=10, baseline=4, scored=4, near=2)),
    of_recipe(RELEASE, DeckRecipe(picks=10, baseline=0, scored=4, near=0)),
    of_recipe(RELEASE, DeckRecipe(picks=6, baseline=10, scored=0, near=1)),
    of_recipe(RELEASE, DeckRecipe(picks=1, baseline=1, scored=1, near=0, block=1)),
)


def study(rule: Policy) -> Study:
    """A simulated study of this policy."""
    second = "model-2" if rule.is_paired_comparison else None
    return Study("any", StudyKind.SIMULATED, rule, "model-1", "popularity", 7, challenger=second)


def dealt(rule: Policy, overlap: int, length: int, seed: int) -> tuple[Card, ...]:
    """Cards as the game deals them. The rival's list has this length and shares `overlap` picks."""
    recipe, known = rule.deck, NAMES[0:120:7]
    length = recipe.picks if rule.is_paired_comparison else length
    shared = min(overlap, length, recipe.picks)
    theirs = NAMES[recipe.picks - shared : recipe.picks] + NAMES[40 : 40 + length - shared]
    if rule.is_paired_comparison:
        return deal_paired_deck(RankedProposals(NAMES[:30], (), known), theirs, SHELF, recipe, seed)
    return deal_deck(RankedProposals(NAMES[:30], theirs, known), SHELF, recipe, seed)


def by_part(rng: np.random.Generator) -> Says:
    """Somebody who says the same of all cards of a part: where shares and AUCs are extreme."""
    said = {stratum: ANSWERS[rng.integers(len(ANSWERS))] for stratum in CardRole}
    return lambda card: said[card.role]


def by_chance(rng: np.random.Generator) -> Says:
    """Somebody who says anything of any card, or nothing."""
    return lambda _: ANSWERS[rng.integers(len(ANSWERS))]


def fond(rng: np.random.Generator) -> Says:
    """Somebody who likes all that is named and no decoy, and knows most decoys."""
    named = (CardRole.PICK, CardRole.BASELINE_ONLY, CardRole.CHALLENGER_ONLY)
    return lambda card: F if card.role in named else (N, N, N, D)[rng.integers(4)]


def one(
    rule: Policy, overlap: int, length: int, seed: int, who: str = "p1", at: int = 0
) -> CompletedDeck:
    """One person's deck, dealt and answered."""
    rng = np.random.default_rng([seed, at])
    kinds = ((fond,), (by_part,), (by_part, by_chance, fond))[seed % 3]
    says = kinds[rng.integers(len(kinds))](rng)
    cards = dealt(rule, overlap, length, seed + at)
    left_out = None if seed // 3 % 2 else D  # in half of the studies no card stays unanswered
    said = {c.position: answer for c in cards if (answer := says(c) or left_out) is not None}
    return closed(deck_of(cards, who, study=study(rule).hash), said, at)


def several(rule: Policy, overlap: int, length: int, seed: int, people: int) -> list[CompletedDeck]:
    """Decks of so many people over one overlap, in the order of closing."""
    return [one(rule, overlap, length, seed, f"p{at}", at) for at in range(people)]


def extreme(picks: int = MOST, decoys: int = 4) -> Iterator[CompletedDeck]:
    """Every overlap, number of the rival's own cards and of known decoys, all answered alike."""
    answers = ((F, F, N), (S, F, N), (N, N, F), (N, F, S), (D, D, D))
    for shared, own, knew in product(range(picks + 1), range(MOST + 1), range(decoys + 1)):
        for said in answers if shared + own <= MOST else ():
            yield _alike((picks, shared, own, decoys, knew), said)


def _alike(sizes: tuple[int, ...], said: Sequence[Answer]) -> CompletedDeck:
    picks, shared, own, decoys, knew = sizes
    strata = (
        [CardRole.PICK] * picks + [CardRole.BASELINE_ONLY] * own + [CardRole.MATCHED_DECOY] * decoys
    )
    cards = [card(n, s, shared=n <= shared, partner=1) for n, s in enumerate(strata, start=1)]
    of = dict(
        zip((CardRole.PICK, CardRole.BASELINE_ONLY, CardRole.MATCHED_DECOY), said, strict=True)
    )
    answers = {c.position: of[c.role] for c in cards}
    answers |= dict.fromkeys(range(picks + own + knew + 1, len(cards) + 1), D)
    return closed(deck_of(cards), answers)


rules = st.sampled_from(RULES)
overlaps = st.integers(0, MOST)
lengths = st.integers(0, MOST + 2)
seeds = st.integers(0, 2**32)
