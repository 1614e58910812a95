"""Rate limits for swipe posts: higher than a hand can reach, too low to slow down other players.

A refused post loses nothing: the browser gets a 429, keeps its answers and sends them later.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

POSTS_PER_MINUTE = 600  # per participant, also the burst; 50 quick keys: at most 50 posts
POSTS_PER_ADDRESS = 3_000  # per minute, without a guest cookie: an office shares one address
ROW_BURST = 1_000  # rows per deck at once: 20 cards, each answered and undone 25 times
ROWS_PER_MINUTE = 6  # further rows per deck and minute, so that no answer waits for ever
MAX_NAMES = 10_000  # names in memory; the least recently used one is dropped first


class RateLimiter:
    """A limit for each name: a burst of `per_minute` requests, refilled evenly over a minute.

    It keeps one number for each name (generic cell rate algorithm, ATM Forum TM 4.0, annex C).
    """

    def __init__(
        self,
        per_minute: int,
        clock: Callable[[], float] = time.monotonic,
        max_names: int = MAX_NAMES,
    ) -> None:
        self._interval, self._clock, self._max_names = 60 / per_minute, clock, max_names
        self._used_until: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def try_acquire(self, name: str) -> bool:
        """Use up one request and return True, or return False if the limit is reached."""
        now = self._clock()
        with self._lock:
            until = max(self._used_until.get(name, now), now) + self._interval
            if until > now + 60 + self._interval / 2:  # the half absorbs rounding errors
                return False
            self._used_until[name] = until
            self._used_until.move_to_end(name)
            if len(self._used_until) > self._max_names:
                self._used_until.popitem(last=False)
        return True


class SwipeRateLimits:
    """The limits that the swipe route checks before it stores anything."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._by_participant = RateLimiter(POSTS_PER_MINUTE, clock)
        self._by_address = RateLimiter(POSTS_PER_ADDRESS, clock)

    def allows_address(self, address: str, binding: str) -> bool:
        """Return whether an address may post.

        `binding` is the guest cookie's value, "" without one. Posts with a cookie are not limited.
        """
        return bool(binding) or self._by_address.try_acquire(address)

    def allows_participant(self, participant: str) -> bool:
        """Return whether a participant may post once more now."""
        return self._by_participant.try_acquire(participant)


def remaining_rows(rows: int, dealt_at: int, now: int) -> int:
    """Return how many more rows a deck accepts; times are in milliseconds since 1970."""
    minutes = max(now - dealt_at, 0) // 60_000
    return max(ROW_BURST + ROWS_PER_MINUTE * minutes - rows, 0)
