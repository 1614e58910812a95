"""Simulated employees of a planted shop, who play through the same use cases as real ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from app.auth.identity import pseudonym
from app.storage.study_db.records import IncomingSwipe
from app.storage.study_db.store import StudyStore
from app.study.dealing import Player
from app.study.game import Game
from app.workspace.keys import SecretKeys
from app.workspace.planted_shop import planted_truth
from recsys.errors import NotEnoughHistoryError
from recsys.simulation.raters import (
    BrandKnowledge,
    RaterBehavior,
    SimulatedAnswer,
    TrueTaste,
    simulate_answers,
)
from recsys.study.deck import Deck, Origin
from recsys.study.swipes import SwipeKind


@dataclass(frozen=True)
class RaterPool:
    """The customers of a planted shop with their true tastes."""

    true_tastes: Mapping[str, TrueTaste]
    brands: pd.DataFrame

    @classmethod
    def of(cls, workspace: Path) -> "RaterPool":
        """Read the true tastes of a planted workspace. Raises WorkspaceError for any other."""
        return cls(*planted_truth(workspace))

    @cached_property
    def brand_knowledge(self) -> BrandKnowledge:
        """The knowledge of brands that all raters share."""
        return BrandKnowledge.from_catalog(self.brands)

    def customer_order(self, seed: int) -> list[str]:
        """Return all customers in the random order of a seed."""
        names = sorted(self.true_tastes)
        return [names[i] for i in np.random.default_rng([seed, 1]).permutation(len(names))]

    def play(
        self, game: Game, keys: SecretKeys, players: int, seed: int, behavior: RaterBehavior
    ) -> Iterator[int]:
        """Let simulated employees play one after another; yield the number of finished players.

        As in a real study, a customer with too little history does not play. Neither does a
        customer who has already played in this study.
        """
        count = 0
        for number, customer in enumerate(self.customer_order(seed)):
            if count == players:
                return
            rng = np.random.default_rng([seed, 2, number])
            if self._play_one(game, keys, customer, behavior, rng):
                count += 1
                yield count

    def _play_one(
        self,
        game: Game,
        keys: SecretKeys,
        customer: str,
        behavior: RaterBehavior,
        rng: np.random.Generator,
    ) -> bool:
        subject = simulated_subject(game.row.hash, customer)
        player = Player(pseudonym(keys, subject), Origin.SIMULATED, customer)
        # one deck per person counts, and nobody judges a version trained on their own answers
        training_studies = (
            study for one in game.row.versions for study in game.store.studies.training_studies(one)
        )
        studies = (game.row.hash, *training_studies)
        if any(_has_played(game.store, keys, study, customer) for study in studies):
            return False
        seeded_game = replace(game, random_bits=lambda bits: int.from_bytes(rng.bytes(bits // 8)))
        try:
            deck = seeded_game.start(player).deck
        except NotEnoughHistoryError:
            return False
        reactions = simulate_answers(
            deck, self.true_tastes[customer], self.brand_knowledge, behavior, rng
        )
        game.store.swipes.add(deck.id, _to_swipes(deck, reactions))
        game.finish(deck.id)
        return True


def simulated_subject(study: str, customer: str) -> str:
    """Return the login subject of a simulated employee; it differs in every study."""
    return f"simulated {study} {customer}"


def _has_played(store: StudyStore, keys: SecretKeys, study: str, customer: str) -> bool:
    decks = store.decks.of_participant(pseudonym(keys, simulated_subject(study, customer)))
    return any(store.decks.closing(dealt.deck.id) for dealt in decks)


def _to_swipes(deck: Deck, reactions: list[SimulatedAnswer]) -> list[IncomingSwipe]:
    return [
        IncomingSwipe(
            id=f"{deck.id}-{place}",
            position=reaction.position,
            kind=SwipeKind.ANSWER,
            answer=reaction.answer,
            tab="simulated",
            tab_seq=place,
            shown_ms=reaction.shown_ms,
            input="simulated",
            device_class="simulated",
            client_at=None,
        )
        for place, reaction in enumerate(reactions, start=1)
    ]
