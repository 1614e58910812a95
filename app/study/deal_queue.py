"""A deck that is being dealt in another thread, while a page waits for it."""

from concurrent.futures import Future, wait
from dataclasses import dataclass

from app.modeling.recommender import Stopwatch
from app.storage.study_db.records import DealtDeck
from app.study.dealing import Player
from app.study.game import Game
from recsys.study.deck import DeckRecipe


@dataclass(frozen=True, slots=True)
class PendingDeal:
    """One deal, with the stages that are done so far."""

    stopwatch: Stopwatch
    future: Future[DealtDeck]

    @classmethod
    def start(cls, game: Game, player: Player, recipe: DeckRecipe | None) -> "PendingDeal":
        """Begin to deal, in another thread."""
        stopwatch = Stopwatch()
        return cls(stopwatch, game.start_in_background(player, recipe, stopwatch))

    def is_done_within(self, seconds: float) -> bool:
        """Wait so long at most; return whether the cards are there, or the reason why not."""
        return bool(wait([self.future], seconds).done)

    def result(self) -> DealtDeck:
        """Return the deck, or raise what went wrong."""
        return self.future.result()
