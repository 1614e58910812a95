"""Dealing in the background: decks are dealt one after another while their pages wait."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from app.modeling.recommender import Stopwatch
from app.storage.study_db.records import DealtDeck


@dataclass(frozen=True, slots=True)
class PendingDeal:
    """One deal, with the stages that are done so far."""

    stopwatch: Stopwatch
    future: Future[DealtDeck]

    def is_done_within(self, seconds: float) -> bool:
        """Wait so long at most; return whether the cards are there, or the reason why not."""
        return bool(wait([self.future], seconds).done)

    def result(self) -> DealtDeck:
        """Return the deck, or raise what went wrong."""
        return self.future.result()


class DealQueue:
    """A thread that deals in the order of asking.

    A deal holds the interpreter for four milliseconds. Of two at once each takes twice as long, and
    the threads of a crowd overtake one another for half a second.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="deal")

    def submit(self, deal: Callable[[Stopwatch], DealtDeck]) -> PendingDeal:
        """Begin a deal when those before it are done, and return at once."""
        stopwatch = Stopwatch()
        return PendingDeal(stopwatch, self._executor.submit(deal, stopwatch))

    def close(self) -> None:
        """End the deal under way, and begin no other."""
        self._executor.shutdown(cancel_futures=True)
