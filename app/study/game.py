"""The use cases of the game, without Streamlit: start, swipe, finish, reveal."""

import secrets
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from app.modeling.recommender import Brain, Stopwatch, load_brain
from app.storage.study_db.records import (
    ClosedBy,
    Closing,
    DealtDeck,
    Incoming,
    Receipt,
    Refusal,
    Step,
    StudyRow,
    study_of,
)
from app.storage.study_db.store import Store
from app.study.dealing import Dealer, Player
from app.study.results import close_deck
from app.workspace.workspace import House
from recsys.errors import NotAllowedError, NotEnoughHistoryError
from recsys.models.base import BrandScore
from recsys.study.deck import Arm, Card, Deck, DeckRecipe, Face, Known, Origin
from recsys.study.policy import Study, StudyKind
from recsys.study.swipes import Answer

_DOORS = tuple(threading.Lock() for _ in range(64))  # who ends twice at once gets one coffee code
# Who comes first is dealt to first. Four milliseconds that hold the interpreter: of two at once
# each takes twice as long, and the threads of a crowd overtake one another for half a second.
_DEALER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="deal")


@dataclass(frozen=True, slots=True)
class Turned:
    """One card after the deck was closed, with everything that was hidden before."""

    card: Card
    face: Face
    answer: Answer | None
    why: BrandScore | None  # of a pick, computed anew and never stored
    refused: Refusal | None = None  # why she refused this pick, if she said so

    @property
    def is_pick(self) -> bool:
        """Whether a version of the model proposed it."""
        return not self.card.arms.isdisjoint((Arm.PICK, Arm.CHALLENGER))

    @property
    def asks(self) -> bool:
        """Whether she may say why: she refused what the model picked."""
        return self.is_pick and self.answer is Answer.NOT_FAVOURITE


@dataclass(frozen=True, slots=True)
class Game:
    """One model version at work in one study."""

    store: Store
    brain: Brain
    row: StudyRow
    second: Brain | None = None  # the challenger, where a study compares two versions
    random_bits: Callable[[int], int] = secrets.randbits  # of the seed; ids are always random
    known_as: Callable[[str], str] = str  # a customer of the shop, as the events call her
    dealer: Dealer = field(init=False)

    def __post_init__(self) -> None:
        dealer = Dealer(
            self.store, self.brain, self.row, self.second, self.random_bits, self.known_as
        )
        object.__setattr__(self, "dealer", dealer)

    @property
    def study(self) -> Study:
        """The study as the core knows it."""
        return self.dealer.study

    def reach(self, player: Player, step: Step) -> None:
        """Note that somebody invited to this study came so far; a borrowed life is nobody."""
        if player.origin is not Origin.PERSONA:
            self.store.reach(self.row.hash, player.participant, step)

    def open_deck(self, player: Player) -> DealtDeck | None:
        """The deck of this player that is still open; one whose time is over is closed here."""
        for dealt in reversed(self.store.decks_by(player.participant)):
            same = dealt.deck.study == self.row.hash and dealt.deck.origin is player.origin
            if same and self.store.closing(dealt.deck.id) is None:
                if dealt.closes_at > self.store.clock():
                    return dealt
                self.finish(dealt.deck.id, ClosedBy.TIME)
        return None

    def latest(self, player: Player, *origins: Origin) -> DealtDeck | None:
        """Her newest closed deck of these origins in this study."""
        for dealt in reversed(self.store.decks_by(player.participant)):
            same = dealt.deck.study == self.row.hash and dealt.deck.origin in origins
            if same and self.store.closing(dealt.deck.id) is not None:
                return dealt
        return None

    def start(
        self, player: Player, recipe: DeckRecipe | None = None, watch: Stopwatch | None = None
    ) -> DealtDeck:
        """Compute her brands now and deal her a deck, or return the one she has open.

        Raises NotEnoughHistoryError where too little is known to guess, and NotAllowedError in a
        study that is closed or without her yes.
        """
        return self.begin(player, recipe, watch or Stopwatch()).result()

    def begin(
        self, player: Player, recipe: DeckRecipe | None, watch: Stopwatch
    ) -> Future[DealtDeck]:
        """Begin what `start` does and come back at once; `watch` shows how far it is."""
        return _DEALER.submit(self._start, player, recipe, watch)

    def _start(self, player: Player, recipe: DeckRecipe | None, watch: Stopwatch) -> DealtDeck:
        there = self.open_deck(player)
        if there is not None:
            return there
        self._check_open(player)
        deck = self.dealer.deal(player, recipe or self.study.policy.deck, watch)
        if deck.origin is Origin.OWN and deck.evidence is Known.ENOUGH:
            self.reach(player, Step.ENOUGH)
        with watch.stage("storing the deck"):
            hours = self.study.policy.open_hours
            version = self.brain.warehouse.version
            return self.store.add_deck(deck, version, watch.stages, hours, player.language)

    def _check_open(self, player: Player) -> None:
        """Raise NotAllowedError where a deck that counts cannot be dealt now."""
        if player.origin not in (Origin.OWN, Origin.SIMULATED):
            return
        why = self.row.why_not_played(self.store.clock())
        if why is not None:
            raise NotAllowedError(
                f"The study {self.row.name} {why}. Play for fun with brands you pick."
            )

    def favourites(self, player: Player, n: int) -> list[BrandScore]:
        """Her best n brands, computed now. Raises as `start` does."""
        return self.brain.rank(self.dealer.evidence(player, Stopwatch()), n)

    def swipe(self, deck: str, swipes: Iterable[Incoming]) -> Receipt:
        """Store answers as they come; what is returned is safely on disk."""
        return self.store.add_swipes(deck, swipes)

    def end(self, deck: str) -> str | None:
        """Close a deck at its player's wish; return a coffee code, once and where there are any.

        Every finished deck of her own history gets one, whatever she answered.
        """
        with _DOORS[hash(deck) % len(_DOORS)]:
            again = self.store.closing(deck) is not None
            self.finish(deck)
            own = self.store.deck(deck).deck.origin is Origin.OWN
            return self.store.take_coffee_code(self.row.hash) if own and not again else None

    def finish(self, deck: str, by: ClosedBy = ClosedBy.PLAYER) -> Closing:
        """Close a deck: its scores enter the study once, now.

        Raises NotAllowedError for a deck of another study.
        """
        if self.store.deck(deck).deck.study != self.row.hash:
            raise NotAllowedError("This deck is of another study: open your own page.")
        return close_deck(self.store, self.row, deck, by)

    def reveal(self, deck_id: str, player: Player) -> list[Turned]:
        """Turn the cards of a closed deck over. Raises NotAllowedError while it is open."""
        deck = self._closed(deck_id, player)
        reasons = self._reasons(player, deck)
        return [
            replace(turned, why=reasons.get(turned.card.brand)) for turned in self._turned(deck)
        ]

    def refuse(self, deck_id: str, player: Player, position: int, reason: Refusal) -> None:
        """Keep why she refused a pick, or that she takes the reason back. It changes no score.

        Raises NotAllowedError while the deck is open, and for a card that is no refused pick.
        """
        deck = self._closed(deck_id, player)
        if position not in {t.card.position for t in self._turned(deck) if t.asks}:
            raise NotAllowedError("A reason belongs to a pick that is not your favourite.")
        self.store.add_refusal(deck_id, position, reason)

    def _closed(self, deck_id: str, player: Player) -> Deck:
        dealt = self.store.deck(deck_id)
        if dealt.deck.participant != player.participant or dealt.deck.study != self.row.hash:
            raise NotAllowedError("This deck is somebody else's. Open your own page.")
        if self.store.closing(deck_id) is None:
            raise NotAllowedError("This deck is still open. Finish it first.")
        return dealt.deck

    def _turned(self, deck: Deck) -> list[Turned]:
        answers = self.store.answers_of(deck.id)
        refused = self.store.refusals_of(deck.id)
        return [
            Turned(card, face, answers.get(card.position), None, refused.get(card.position))
            for card, face in zip(deck.cards, self.faces(deck), strict=True)
        ]

    def faces(self, deck: Deck) -> list[Face]:
        """What the browser may see of a deck, in the order of its cards."""
        return self.brain.faces([card.brand for card in deck.cards])

    def _reasons(self, player: Player, deck: Deck) -> dict[str, BrandScore]:
        if player.customer is None and not player.named:
            return {}  # her picks went with the visit: no reason is better than an untrue one
        try:
            evidence = self.dealer.evidence(player, Stopwatch())
        except (NotEnoughHistoryError, NotAllowedError):  # gone, or a no since: the deck is hers
            return {}
        dealt = {card.brand for card in deck.cards}
        ranked = self.brain.rank(evidence, 10 * len(dealt), player.named)
        return {score.brand: score for score in ranked if score.brand in dealt}


def study_to_play(store: Store) -> StudyRow | None:
    """Return the study that visitors play in: the newest live one, open before closed.

    Without a live one it is a playground. A closed study still shows everybody their own deck.
    """
    rows = store.studies()
    live = [row for row in rows if row.kind is StudyKind.LIVE]
    fun = [row for row in rows if row.kind is StudyKind.PLAYGROUND and row.closed_at is None]
    still_open = [row for row in live if row.closed_at is None]
    return next(iter(still_open or live or fun[::-1]), None)  # other playgrounds are one look's


def load_game(house: House, row: StudyRow) -> Game:
    """Return the game of one study, with its model version and, if it has one, the challenger."""
    policy = study_of(row).policy
    second = None if row.challenger is None else load_brain(house, row.challenger, policy)
    brain = load_brain(house, row.model, policy)
    return Game(house.store, brain, row, second, known_as=house.stored_id)
