"""Dealing of a deck from the evidence of a player. Nothing is stored here."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from app.modeling.recommender import Recommender, Stopwatch
from app.storage.study_db.records import StudyRow, study_of
from app.storage.study_db.store import StudyStore
from app.study import privacy
from recsys.dataset.evidence import Evidence
from recsys.errors import NotAllowedError, NotEnoughHistoryError
from recsys.progress import WorkStage, ranking_stage
from recsys.study.deck import (
    Card,
    Deck,
    DeckRecipe,
    HistoryDepth,
    Origin,
    RankedProposals,
    deal_deck,
    with_hash,
)
from recsys.study.paired_deck import deal_paired_deck
from recsys.study.policy import Study

# decks that people play as themselves: no brand is shown twice
NO_REPEAT_ORIGINS = (Origin.OWN, Origin.ELICITED, Origin.PRACTICE)
# decks from a real person's history, which is read only after consent
CONSENT_ORIGINS = (Origin.OWN, Origin.PRACTICE)


@dataclass(frozen=True, slots=True)
class Player:
    """A player, and the source of the deck's brands."""

    participant: str  # pseudonym
    origin: Origin
    customer: str | None = None  # the events of this id are read; None for ELICITED
    picked_brands: tuple[str, ...] = ()  # brands that the player named, for ELICITED
    language: str | None = None  # of the player's page


@dataclass(frozen=True, slots=True)
class Dealer:
    """Dealer of one study, with its model version and, in a comparison, the challenger."""

    store: StudyStore
    recommender: Recommender
    row: StudyRow
    challenger: Recommender | None
    random_bits: Callable[[int], int]  # for the seed; ids are always random
    stored_id: Callable[[str], str]  # customer id of the shop -> id in the event store
    study: Study = field(init=False)  # the row as a `Study`

    def __post_init__(self) -> None:
        object.__setattr__(self, "study", study_of(self.row))

    def deal(self, player: Player, recipe: DeckRecipe, stopwatch: Stopwatch) -> Deck:
        """Rank brands and return a hashed deck.

        Raises NotEnoughBrandsError if the shop is too small, and the errors of `evidence`.
        """
        evidence = self.evidence(player, stopwatch)
        exclude = (*player.picked_brands, *self._seen_brands(player))
        with stopwatch.stage(ranking_stage(len(self.recommender.catalog.brands))):
            candidate_lists = self._candidate_lists(player, evidence, recipe, exclude)
        seed = self.random_bits(128)
        with stopwatch.stage(WorkStage.CHOOSING_DECOYS):
            cards = self._cards(player, candidate_lists, recipe, seed)
            return with_hash(
                Deck(
                    id=secrets.token_hex(16),
                    study=self.row.hash,
                    participant=player.participant,
                    origin=player.origin,
                    evidence=self._history_depth(evidence, player),
                    model=self.recommender.version,
                    seed=seed,
                    cards=cards,
                    hash="",
                )
            )

    def _candidate_lists(
        self, player: Player, evidence: Evidence, recipe: DeckRecipe, exclude: tuple[str, ...]
    ) -> RankedProposals:
        depth = self.study.policy.decoy_depth * recipe.picks
        if player.customer is not None:
            baseline_ranker = self.recommender.baseline(self.row.baseline)
            return self.recommender.candidate_lists(
                evidence, baseline_ranker, (depth, recipe.picks), exclude
            )
        # no comparison without a history: popular brands fill the places of the baseline
        popularity_ranker = self.recommender.baseline("popularity")
        return self.recommender.candidate_lists(
            evidence, popularity_ranker, (depth, recipe.picks + recipe.baseline), exclude
        )

    def _cards(
        self, player: Player, candidate_lists: RankedProposals, recipe: DeckRecipe, seed: int
    ) -> tuple[Card, ...]:
        """Return the cards, in a comparison those of both versions if the player has a history."""
        if self.challenger is None or player.customer is None:
            return deal_deck(candidate_lists, self.recommender.brand_pool, recipe, seed)
        customer = self._stored_customer(player, player.customer)
        evidence = self.challenger.evidence_of(customer)  # may number customers itself
        challenger_scores = self.challenger.rank(
            evidence, recipe.picks, tuple(candidate_lists.revealed)
        )
        challenger_brands = [score.brand for score in challenger_scores]
        return deal_paired_deck(
            candidate_lists, challenger_brands, self.recommender.brand_pool, recipe, seed
        )

    def _stored_customer(self, player: Player, customer: str) -> str:
        """Return the id in the event store. The account link of a real person has the shop's id."""
        return self.stored_id(customer) if player.origin in CONSENT_ORIGINS else customer

    def evidence(self, player: Player, stopwatch: Stopwatch) -> Evidence:
        """Return the current evidence of a player.

        Raises NotAllowedError without consent, NotEnoughHistoryError if there is too little.
        """
        if player.customer is None:
            with stopwatch.stage(WorkStage.READING_PICKS):
                return self.recommender.evidence_from_brands(player.picked_brands)
        if player.origin in CONSENT_ORIGINS and not privacy.has_consented(
            self.store, player.participant
        ):
            raise NotAllowedError("Your history is read only after you say yes: open Play.")
        evidence = self.recommender.evidence_of(
            self._stored_customer(player, player.customer), stopwatch
        )
        min_brands = self.study.policy.least_brands
        if len(evidence) < min_brands:
            raise NotEnoughHistoryError(
                f"We know {len(evidence)} of your brands and need {min_brands} to guess. "
                "Pick a few brands you love and play for fun."
            )
        return evidence

    def _history_depth(self, evidence: Evidence, player: Player) -> HistoryDepth:
        enough = len(evidence) >= self.study.policy.least_brands
        return HistoryDepth.ENOUGH if enough and player.customer is not None else HistoryDepth.THIN

    def _seen_brands(self, player: Player) -> list[str]:
        """Return the brands of earlier decks, because the player has seen their sources."""
        if player.origin not in NO_REPEAT_ORIGINS:
            return []
        decks = (dealt.deck for dealt in self.store.decks.of_participant(player.participant))
        return [
            card.brand for deck in decks if deck.origin in NO_REPEAT_ORIGINS for card in deck.cards
        ]
