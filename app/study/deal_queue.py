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
        """Wait at most so long; return whether the deal has ended, with a deck or an error."""
        return bool(wait([self.future], seconds).done)

    def result(self) -> DealtDeck:
        """Return the deck, or raise the error of the deal."""
        return self.future.result()


class DealQueue:
    """One thread that deals decks in the order of the requests.

    A deal holds the interpreter lock for about 4 ms. Two at once would each take twice as long, and
    many threads would overtake one another for half a second.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="deal")

    def submit(self, deal: Callable[[Stopwatch], DealtDeck]) -> PendingDeal:
        """Queue a deal and return at once."""
        stopwatch = Stopwatch()
        return PendingDeal(stopwatch, self._executor.submit(deal, stopwatch))

    def close(self) -> None:
        """Finish the current deal and cancel the others."""
        self._executor.shutdown(cancel_futures=True)
