"""Dealing: what is known of a player becomes a sealed deck. Nothing is stored here."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from app.modeling.recommender import Brain, Stopwatch
from app.storage.study_db.records import StudyRow, study_of
from app.storage.study_db.store import Store
from app.study import privacy
from recsys.dataset.evidence import Evidence
from recsys.errors import NotAllowedError, NotEnoughHistoryError
from recsys.study.deck import Card, Deck, DeckRecipe, Known, Lists, Origin, deal, seal
from recsys.study.paired_deck import deal_duel
from recsys.study.policy import Study

REMEMBERED = (Origin.OWN, Origin.ELICITED, Origin.PRACTICE)  # herself: no brand is shown twice
ASKED = (Origin.OWN, Origin.PRACTICE)  # a real person's history: read after her yes alone


@dataclass(frozen=True, slots=True)
class Player:
    """Who plays, and from what her brands are computed."""

    participant: str  # pseudonym
    origin: Origin
    customer: str | None = None  # whose events are read, for OWN, PERSONA and SIMULATED
    named: tuple[str, ...] = ()  # brands she named, for ELICITED
    language: str | None = None  # of her page


@dataclass(frozen=True, slots=True)
class Dealer:
    """One model version at work in one study, and its challenger where the study compares two."""

    store: Store
    brain: Brain
    row: StudyRow
    second: Brain | None
    random_bits: Callable[[int], int]  # of the seed; ids are always random
    known_as: Callable[[str], str]  # the id of a customer of the shop -> the id in the events
    study: Study = field(init=False)  # as the core knows it

    def __post_init__(self) -> None:
        object.__setattr__(self, "study", study_of(self.row))

    def deal(self, player: Player, recipe: DeckRecipe, watch: Stopwatch) -> Deck:
        """Compute a player's lists and return a sealed deck. Raises as `evidence` does."""
        evidence = self.evidence(player, watch)
        without = (*player.named, *self._revealed(player))
        with watch.stage(f"ranking {len(self.brain.catalogue.brands)} brands"):
            lists = self._lists(player, evidence, recipe, without)
        seed = self.random_bits(128)
        with watch.stage("choosing decoys"):
            cards = self._cards(player, lists, recipe, seed)
            return seal(
                Deck(
                    id=secrets.token_hex(16),
                    study=self.row.hash,
                    participant=player.participant,
                    origin=player.origin,
                    evidence=self._known(evidence, player),
                    model=self.brain.version,
                    seed=seed,
                    cards=cards,
                    hash="",
                )
            )

    def _lists(
        self, player: Player, evidence: Evidence, recipe: DeckRecipe, without: tuple[str, ...]
    ) -> Lists:
        depth = self.study.policy.decoy_depth * recipe.picks
        if player.customer is not None:
            rival = self.brain.rival(self.row.baseline)
            return self.brain.lists(evidence, rival, (depth, recipe.picks), without)
        # a taster is no comparison: what is popular and not picked fills its places
        popular = self.brain.rival("popularity")
        return self.brain.lists(evidence, popular, (depth, recipe.picks + recipe.baseline), without)

    def _cards(
        self, player: Player, lists: Lists, recipe: DeckRecipe, seed: int
    ) -> tuple[Card, ...]:
        """A study of two versions deals both lists to everybody who has a history."""
        if self.second is None or player.customer is None:
            return deal(lists, self.brain.shelf, recipe, seed)
        customer = self._called(player, player.customer)
        evidence = self.second.evidence_of(customer)  # a version may know her by a number
        theirs = self.second.rank(evidence, recipe.picks, tuple(lists.revealed))
        names = [score.brand for score in theirs]
        return deal_duel(lists, names, self.brain.shelf, recipe, seed)

    def _called(self, player: Player, customer: str) -> str:
        """How the events call her: a real person's link says how the shop does."""
        return self.known_as(customer) if player.origin in ASKED else customer

    def evidence(self, player: Player, watch: Stopwatch) -> Evidence:
        """Return what is known of a player now.

        Raises NotAllowedError before a yes, and NotEnoughHistoryError where it is too little.
        """
        if player.customer is None:
            with watch.stage("reading your picks"):
                return self.brain.evidence_for(player.named)
        if player.origin in ASKED and not privacy.said(self.store, player.participant):
            raise NotAllowedError("Nothing of yours is read before you say yes: open Play.")
        evidence = self.brain.evidence_of(self._called(player, player.customer), watch)
        least = self.study.policy.least_brands
        if len(evidence) < least:
            raise NotEnoughHistoryError(
                f"We know {len(evidence)} of your brands and need {least} to guess. "
                "Pick a few brands you love and play for fun."
            )
        return evidence

    def _known(self, evidence: Evidence, player: Player) -> Known:
        enough = len(evidence) >= self.study.policy.least_brands
        return Known.ENOUGH if enough and player.customer is not None else Known.THIN

    def _revealed(self, player: Player) -> list[str]:
        """Brands of her earlier decks: once seen, their arms are known to her."""
        if player.origin not in REMEMBERED:
            return []
        decks = (dealt.deck for dealt in self.store.decks_by(player.participant))
        return [card.brand for deck in decks if deck.origin in REMEMBERED for card in deck.cards]
