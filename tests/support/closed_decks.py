"""Closed decks without a shop: who plays and what she says are drawn here."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from recsys.study.deck import Card, CardRole, Deck, HistoryDepth, Origin, Source
from recsys.study.policy import Policy, Study, StudyKind
from recsys.study.swipes import Answer, CompletedDeck
from tests.support.paths import ROOT

POLICY = Policy.from_dict(tomllib.loads((ROOT / "data" / "policy.toml").read_text()))
STUDY = Study("test", StudyKind.SIMULATED, POLICY, "model-1", "popularity", 7)
HASH = STUDY.hash  # worked out once for the thousands of decks of a simulation
N, F, S, D = Answer.NOT_FAVOURITE, Answer.FAVOURITE, Answer.SUPER_LIKE, Answer.DONT_KNOW
GRADED = (N, F, S)


def card(position: int, stratum: CardRole, *, shared: bool = False, **rest: object) -> Card:
    """Return a card of a stratum, in the arms that it implies."""
    arms = {
        CardRole.PICK: {Source.PICK, Source.BASELINE} if shared else {Source.PICK},
        CardRole.BASELINE_ONLY: {Source.BASELINE},
    }.get(stratum, {Source.DECOY})
    plain = Card(position, f"b{position}", "toys", frozenset(arms), stratum, None, None, False, 100)
    return replace(plain, **rest)


def deck_of(cards: Sequence[Card], who: str = "p1", **rest: object) -> Deck:
    """Return a simulated deck."""
    plain = Deck(
        f"d-{who}",
        HASH,
        who,
        Origin.SIMULATED,
        HistoryDepth.ENOUGH,
        "model-1",
        1,
        tuple(cards),
        "h",
    )
    return replace(plain, **rest)


def closed(
    deck: Deck, answers: Mapping[int, Answer], at: int = 0, ms: int = 1500, **rest: object
) -> CompletedDeck:
    """Return a deck dealt at minute `at` and closed before the next."""
    times = dict.fromkeys(answers, ms)
    played = CompletedDeck(
        deck, answers, times, dealt_at=at * 60_000, closed_at=at * 60_000 + 50_000
    )
    return replace(played, **rest)


def small(
    picks: Sequence[int], decoys: Sequence[int], baseline: Sequence[int]
) -> tuple[Deck, dict[int, Answer]]:
    """Return a deck with these grades (0 not, 1 favourite, 2 super like), all picks paired."""
    grades = [*picks, *decoys, *baseline]
    strata = [CardRole.PICK] * len(picks) + [CardRole.MATCHED_DECOY] * len(decoys)
    strata += [CardRole.BASELINE_ONLY] * len(baseline)
    cards = [
        card(i, s, partner=len(picks) + 1 if s is CardRole.PICK else 1)
        for i, s in enumerate(strata, 1)
    ]
    return deck_of(cards), {i: GRADED[g] for i, g in enumerate(grades, 1)}


def full_cards(
    rng: np.random.Generator, shared: int = 3, known: int = 5, brands: int = 60
) -> list[Card]:
    """Return the study's deck of 20: 10 picks, 5 of the rival's own, 4 far decoys, 1 near."""
    names = rng.permutation(brands)
    cards = []
    for i in range(1, 21):
        stratum = (
            CardRole.PICK
            if i <= 10
            else CardRole.BASELINE_ONLY
            if i <= 15
            else CardRole.MATCHED_DECOY
            if i <= 19
            else CardRole.FAMILIAR_DECOY
        )
        partner = i + 15 if i <= 4 else i - 15 if stratum is CardRole.MATCHED_DECOY else None
        cards.append(
            card(
                i,
                stratum,
                shared=i <= shared,
                partner=partner,
                known=(i % 2 == 0 and i <= known * 2) or stratum is CardRole.FAMILIAR_DECOY,
                brand=f"brand {names[i]}",
                category=f"category {names[i] % 4}",
                popularity=int(rng.integers(50, 500)),
            )
        )
    return cards


def player(
    rng: np.random.Generator,
    who: str,
    at: int = 0,
    pick: float = 0.85,
    rival: float = 0.5,
    decoy: float = 0.2,
    **deck: object,
) -> CompletedDeck:
    """Return a whole deck, each card liked with its arm's chance."""
    cards = full_cards(rng)
    chance = {
        CardRole.PICK: pick,
        CardRole.BASELINE_ONLY: rival,
        CardRole.MATCHED_DECOY: decoy,
        CardRole.FAMILIAR_DECOY: 0.4,
    }
    answers = {
        c.position: (S if rng.random() < 0.3 else F) if rng.random() < chance[c.role] else N
        for c in cards
    }
    return closed(deck_of(cards, who, **deck), answers, at)


def panel(people: int, seed: int = 1, **chances: float) -> list[CompletedDeck]:
    """Return that many people's decks in the order of closing."""
    rng = np.random.default_rng(seed)
    return [player(rng, f"p{i}", i, **chances) for i in range(people)]
