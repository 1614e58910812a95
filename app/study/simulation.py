"""Simulated colleagues of a planted shop play through the same use cases as real ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from app.auth.identity import pseudonym
from app.storage.study_db.records import ClosedBy, Incoming
from app.storage.study_db.store import Store
from app.study.dealing import Player
from app.study.game import Game
from app.workspace.keys import Keys
from app.workspace.planted_shop import planted_truth
from recsys.errors import NotEnoughHistoryError
from recsys.simulation.raters import Behaviour, Market, Reaction, Taste, answers
from recsys.study.deck import Deck, Origin
from recsys.study.swipes import SwipeKind


@dataclass(frozen=True)
class Colleagues:
    """Everybody of the planted shop, with what they truly love."""

    tastes: Mapping[str, Taste]
    brands: pd.DataFrame

    @classmethod
    def of(cls, workspace: Path) -> "Colleagues":
        """Read the truth of a planted workspace. Raises WorkspaceError in any other."""
        return cls(*planted_truth(workspace))

    @cached_property
    def market(self) -> Market:
        """What everybody knows of brands."""
        return Market.of(self.brands)

    def order(self, seed: int) -> list[str]:
        """All customers in a random order."""
        names = sorted(self.tastes)
        return [names[i] for i in np.random.default_rng([seed, 1]).permutation(len(names))]

    def play(
        self, game: Game, keys: Keys, players: int, seed: int, behaviour: Behaviour
    ) -> Iterator[int]:
        """Let so many colleagues play, one after another; yield how many have.

        Who has too little history is told so and does not play, as in a real study; nor does who
        has played in it before.
        """
        done = 0
        for number, customer in enumerate(self.order(seed)):
            if done == players:
                return
            rng = np.random.default_rng([seed, 2, number])
            if self._played(game, keys, customer, behaviour, rng):
                done += 1
                yield done

    def _played(
        self,
        game: Game,
        keys: Keys,
        customer: str,
        behaviour: Behaviour,
        rng: np.random.Generator,
    ) -> bool:
        subject = subject_of(game.row.hash, customer)
        player = Player(pseudonym(keys, subject), Origin.SIMULATED, customer)
        # of each person one deck counts, and nobody judges what has learnt from her answers
        teachers = (study for one in game.row.versions for study in game.store.teachers(one))
        studies = (game.row.hash, *teachers)
        if any(_has_played(game.store, keys, study, customer) for study in studies):
            return False
        seeded = replace(game, random_bits=lambda bits: int.from_bytes(rng.bytes(bits // 8)))
        try:
            deck = seeded.start(player).deck
        except NotEnoughHistoryError:
            return False
        given = answers(deck, self.tastes[customer], self.market, behaviour, rng)
        game.swipe(deck.id, _posts(deck, given))
        game.finish(deck.id, ClosedBy.PLAYER)
        return True


def subject_of(study: str, customer: str) -> str:
    """Who a simulated colleague is: somebody else in every study."""
    return f"simulated {study} {customer}"


def _has_played(store: Store, keys: Keys, study: str, customer: str) -> bool:
    decks = store.decks_by(pseudonym(keys, subject_of(study, customer)))
    return any(store.closing(dealt.deck.id) for dealt in decks)


def _posts(deck: Deck, given: list[Reaction]) -> list[Incoming]:
    return [
        Incoming(
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
        for place, reaction in enumerate(given, start=1)
    ]
