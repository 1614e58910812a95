"""The use cases of the game, without Streamlit: start, finish and reveal a deck."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from app.modeling.recommender import Recommender, Stopwatch, load_recommender
from app.storage.study_db.records import (
    Closing,
    DealtDeck,
    FunnelStep,
    RejectionReason,
    StudyRow,
    study_of,
)
from app.storage.study_db.store import StudyStore
from app.study.closing import close_deck, close_overdue
from app.study.dealing import Dealer, Player
from app.workspace.workspace import Workspace
from recsys.errors import NotAllowedError, NotEnoughHistoryError
from recsys.models.base import BrandScore
from recsys.progress import WorkStage
from recsys.study.deck import Card, Deck, DeckRecipe, Face, HistoryDepth, Origin, Source
from recsys.study.policy import Study, StudyKind
from recsys.study.swipes import Answer


@dataclass(frozen=True, slots=True)
class RevealedCard:
    """A card of a closed deck, with everything that was hidden before."""

    card: Card
    face: Face
    answer: Answer | None
    score: BrandScore | None  # of a pick, computed again and never stored
    rejection: RejectionReason | None = None  # why the player refused this pick, if known

    @property
    def is_pick(self) -> bool:
        """Whether a model version proposed the card."""
        return not self.card.sources.isdisjoint((Source.PICK, Source.CHALLENGER))

    @property
    def asks_reason(self) -> bool:
        """Whether the player may give a reason: the card is a refused pick."""
        return self.is_pick and self.answer is Answer.NOT_FAVOURITE


@dataclass(frozen=True, slots=True)
class Game:
    """The game of one study with its model version."""

    store: StudyStore
    recommender: Recommender
    row: StudyRow
    challenger: Recommender | None = None  # if the study compares two versions
    random_bits: Callable[[int], int] = secrets.randbits  # for the seed; ids are always random
    stored_id: Callable[[str], str] = str  # customer id of the shop -> id in the event store
    dealer: Dealer = field(init=False)

    def __post_init__(self) -> None:
        dealer = Dealer(
            self.store,
            self.recommender,
            self.row,
            self.challenger,
            self.random_bits,
            self.stored_id,
        )
        object.__setattr__(self, "dealer", dealer)

    @property
    def study(self) -> Study:
        """The row as a `Study`."""
        return self.dealer.study

    def record_step(self, player: Player, step: FunnelStep) -> None:
        """Record that an invited player reached a step. Nothing is recorded for a persona."""
        if player.origin is not Origin.PERSONA:
            self.store.invitations.record_step(self.row.hash, player.participant, step)

    def open_deck(self, player: Player) -> DealtDeck | None:
        """Return the player's open deck in this study, or None."""
        decks = (deck for deck in self._decks(player, player.origin) if not self.is_closed(deck))
        return next(decks, None)

    def latest_closed_deck(self, player: Player, *origins: Origin) -> DealtDeck | None:
        """Return the player's newest closed deck of these origins in this study, or None."""
        return next(filter(self.is_closed, self._decks(player, *origins)), None)

    def _decks(self, player: Player, *origins: Origin) -> Iterator[DealtDeck]:
        """Yield the player's decks of these origins in this study, the newest first."""
        for dealt in reversed(self.store.decks.of_participant(player.participant)):
            if dealt.deck.study == self.row.hash and dealt.deck.origin in origins:
                yield dealt

    def is_closed(self, dealt: DealtDeck) -> bool:
        """Return whether a deck is closed or its time is over."""
        return self.store.decks.is_closed(dealt)

    def start(
        self, player: Player, recipe: DeckRecipe | None = None, stopwatch: Stopwatch | None = None
    ) -> DealtDeck:
        """Rank brands and deal a deck, or return the player's open deck.

        `stopwatch` has the finished stages. Raises NotEnoughHistoryError if the history is too
        short, NotAllowedError without consent or if the study is not open for decks that count.
        """
        stopwatch, existing = stopwatch or Stopwatch(), self.open_deck(player)
        if existing is not None:
            return existing
        close_overdue(self.store, self.row)  # an overdue deck is closed before another is dealt
        self._check_playable(player)
        deck = self.dealer.deal(player, recipe or self.study.policy.deck, stopwatch)
        if deck.origin is Origin.OWN and deck.evidence is HistoryDepth.ENOUGH:
            self.record_step(player, FunnelStep.ENOUGH)
        with stopwatch.stage(WorkStage.STORING_DECK):
            return self._store_deck(player, deck, stopwatch)

    def _store_deck(self, player: Player, deck: Deck, stopwatch: Stopwatch) -> DealtDeck:
        """Store a deck, or return the deck that a concurrent request has stored meanwhile."""
        hours, version = self.study.policy.open_hours, self.recommender.event_store.version
        with self.store.transaction():
            return self.open_deck(player) or self.store.decks.add(
                deck, version, stopwatch.stages, hours, player.language
            )

    def _check_playable(self, player: Player) -> None:
        """Raise NotAllowedError if the deck would count and cannot be dealt now."""
        if player.origin not in (Origin.OWN, Origin.SIMULATED):
            return
        reason = self.row.not_playable_reason(self.store.clock())
        if reason is not None:
            raise NotAllowedError(
                f"The study {self.row.name} {reason}. Play for fun with brands you pick."
            )

    def favourites(self, player: Player, n: int) -> list[BrandScore]:
        """Return the player's top n brands, computed now. Raises the errors of `start`."""
        return self.recommender.rank(self.dealer.evidence(player, Stopwatch()), n)

    def finish_by_player(self, deck: str) -> str | None:
        """Close a deck for its player; return a coffee code, or None if no code is left.

        Every deck from the player's own history gets a code once, whatever the answers are.
        """
        with self.store.transaction():  # two concurrent calls give one code
            already_closed = self.store.decks.closing(deck) is not None
            self.finish(deck)
            own = self.store.decks.get(deck).deck.origin is Origin.OWN
            return (
                self.store.invitations.take_coffee_code(self.row.hash)
                if own and not already_closed
                else None
            )

    def finish(self, deck: str) -> Closing:
        """Close a deck and store its scores, once.

        Raises NotAllowedError for a deck of another study.
        """
        if self.store.decks.get(deck).deck.study != self.row.hash:
            raise NotAllowedError("This deck is of another study: open your own page.")
        return close_deck(self.store, self.row, deck)

    def reveal(self, deck_id: str, player: Player) -> list[RevealedCard]:
        """Return the cards of the player's closed deck. Raises NotAllowedError for other decks."""
        deck = self._own_closed_deck(deck_id, player)
        scores = self._pick_scores(player, deck)
        return [
            replace(turned, score=scores.get(turned.card.brand))
            for turned in self._revealed_cards(deck)
        ]

    def reject(self, deck_id: str, player: Player, position: int, reason: RejectionReason) -> None:
        """Store why the player refused a pick, or that the reason is taken back. No score changes.

        Raises NotAllowedError while the deck is open, and for a card that is not a refused pick.
        """
        deck = self._own_closed_deck(deck_id, player)
        if position not in {t.card.position for t in self._revealed_cards(deck) if t.asks_reason}:
            raise NotAllowedError("A reason belongs to a pick that is not your favourite.")
        self.store.swipes.add_rejection(deck_id, position, reason)

    def _own_closed_deck(self, deck_id: str, player: Player) -> Deck:
        dealt_deck = self.store.decks.get(deck_id)
        if (
            dealt_deck.deck.participant != player.participant
            or dealt_deck.deck.study != self.row.hash
        ):
            raise NotAllowedError("This deck is somebody else's. Open your own page.")
        if not self.is_closed(dealt_deck):
            raise NotAllowedError("This deck is still open. Finish it first.")
        return dealt_deck.deck

    def _revealed_cards(self, deck: Deck) -> list[RevealedCard]:
        answers = self.store.swipes.current_answers(deck.id)
        rejections = self.store.swipes.rejections(deck.id)
        return [
            RevealedCard(
                card, face, answers.get(card.position), None, rejections.get(card.position)
            )
            for card, face in zip(deck.cards, self.faces(deck), strict=True)
        ]

    def faces(self, deck: Deck) -> list[Face]:
        """Return what the browser may see of a deck, in the order of its cards."""
        return self.recommender.faces([card.brand for card in deck.cards])

    def _pick_scores(self, player: Player, deck: Deck) -> dict[str, BrandScore]:
        if player.customer is None and not player.picked_brands:
            return {}  # the named brands are lost: better no score than a wrong one
        try:
            evidence = self.dealer.evidence(player, Stopwatch())
        except (NotEnoughHistoryError, NotAllowedError):  # erased events, or consent withdrawn
            return {}
        deck_brands = {card.brand for card in deck.cards}
        ranked = self.recommender.rank(evidence, 10 * len(deck_brands), player.picked_brands)
        return {score.brand: score for score in ranked if score.brand in deck_brands}


def study_to_play(store: StudyStore) -> StudyRow | None:
    """Return the study that visitors play in: the newest open live study, else the newest live one.

    Without a live study it is the oldest open playground. A closed study still shows everybody
    their own deck.
    """
    rows = store.studies.all()
    live_studies = [row for row in rows if row.kind is StudyKind.LIVE]
    playgrounds = [
        row for row in rows if row.kind is StudyKind.PLAYGROUND and row.closed_at is None
    ]
    open_studies = [row for row in live_studies if row.closed_at is None]
    return next(
        iter(open_studies or live_studies or playgrounds[::-1]), None
    )  # the first one is the demo's; later ones belong to single page views


def load_game(workspace: Workspace, row: StudyRow) -> Game:
    """Return the game of a study with its model version and, if it has one, the challenger."""
    policy = study_of(row).policy
    challenger = (
        None if row.challenger is None else load_recommender(workspace, row.challenger, policy)
    )
    recommender = load_recommender(workspace, row.model, policy)
    return Game(workspace.store, recommender, row, challenger, stored_id=workspace.stored_id)
