"""The use cases of the game, without Streamlit: start, swipe, finish, reveal."""

import secrets
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from app import consent
from app.brain import Brain, Stopwatch
from app.rows.records import (
    ClosedBy,
    Closing,
    DealtDeck,
    Incoming,
    Receipt,
    Refusal,
    Step,
    StudyRow,
)
from app.store import Store
from app.studies import close_deck, study_of
from recsys.deck import Arm, Card, Deck, DeckRecipe, Face, Known, Lists, Origin, deal, seal
from recsys.duel import deal_duel
from recsys.errors import NotAllowedError, NotEnoughHistoryError
from recsys.evidence import Evidence
from recsys.policy import Study
from recsys.ranking import BrandScore
from recsys.swipes import Answer

_DOORS = tuple(threading.Lock() for _ in range(64))  # who ends twice at once gets one coffee code
# Who comes first is dealt to first. Four milliseconds that hold the interpreter: of two at once
# each takes twice as long, and the threads of a crowd overtake one another for half a second.
_DEALER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="deal")
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
    study: Study = field(init=False)  # as the core knows it

    def __post_init__(self) -> None:
        object.__setattr__(self, "study", study_of(self.row))

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
        deck = self._dealt(player, recipe or self.study.policy.deck, watch)
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

    def _dealt(self, player: Player, recipe: DeckRecipe, watch: Stopwatch) -> Deck:
        evidence = self._evidence(player, watch)
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

    def favourites(self, player: Player, n: int) -> list[BrandScore]:
        """Her best n brands, computed now. Raises as `start` does."""
        return self.brain.rank(self._evidence(player, Stopwatch()), n)

    def _called(self, player: Player, customer: str) -> str:
        """How the events call her: a real person's link says how the shop does."""
        return self.known_as(customer) if player.origin in ASKED else customer

    def _evidence(self, player: Player, watch: Stopwatch) -> Evidence:
        if player.customer is None:
            with watch.stage("reading your picks"):
                return self.brain.evidence_for(player.named)
        if player.origin in ASKED and not consent.said(self.store, player.participant):
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
            evidence = self._evidence(player, Stopwatch())
        except (NotEnoughHistoryError, NotAllowedError):  # gone, or a no since: the deck is hers
            return {}
        dealt = {card.brand for card in deck.cards}
        ranked = self.brain.rank(evidence, 10 * len(dealt), player.named)
        return {score.brand: score for score in ranked if score.brand in dealt}
