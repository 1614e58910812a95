"""A deal under way: begun by a press, looked at by every run of the page until it is done."""

from concurrent.futures import Future, wait
from dataclasses import dataclass

from app.brain import Stopwatch
from app.deals import Player
from app.game import Game
from app.rows.records import DealtDeck
from recsys.study.deck import DeckRecipe


@dataclass(frozen=True, slots=True)
class Dealing:
    """One deal, with the stages that are done so far."""

    player: Player
    watch: Stopwatch
    future: Future[DealtDeck]

    @classmethod
    def begin(cls, game: Game, player: Player, recipe: DeckRecipe | None) -> "Dealing":
        """Begin to deal, in another thread."""
        watch = Stopwatch()
        return cls(player, watch, game.begin(player, recipe, watch))

    def done_within(self, seconds: float) -> bool:
        """Wait so long at most; return whether the cards are there, or the reason why not."""
        return bool(wait([self.future], seconds).done)

    def result(self) -> DealtDeck:
        """Return the deck, or raise what went wrong."""
        return self.future.result()
