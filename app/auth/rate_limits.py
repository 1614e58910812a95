"""How much one player may post: more than any hand can do, less than would hurt the others.

A limit loses nothing: who meets one is told 429, and her browser keeps the answers and asks later.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

POSTS_PER_MINUTE = 600  # a minute, and at once: 50 keys without a gap are 50 posts at most
POSTS_PER_ADDRESS = 3_000  # of all its guests without a cookie: an office shares one address
ROW_BURST = 1_000  # of a deck at once: each of twenty cards answered and taken back 25 times
ROWS_PER_MINUTE = 6  # that a deck takes beyond them, so that no answer waits for ever
MAX_NAMES = 10_000  # names that are remembered; the one heard longest ago goes first


class RateLimiter:
    """So many at once for each name, coming back evenly over a minute.

    One number a name is kept (the generic cell rate algorithm, ATM Forum TM 4.0, annex C).
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
        """Take one and return True, or return False where nothing is left now."""
        now = self._clock()
        with self._lock:
            until = max(self._used_until.get(name, now), now) + self._interval
            if until > now + 60 + self._interval / 2:  # halves are rounded away
                return False
            self._used_until[name] = until
            self._used_until.move_to_end(name)
            if len(self._used_until) > self._max_names:
                self._used_until.popitem(last=False)
        return True


class SwipeRateLimits:
    """What the route of swipes asks before it stores anything."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._by_participant = RateLimiter(POSTS_PER_MINUTE, clock)
        self._by_address = RateLimiter(POSTS_PER_ADDRESS, clock)

    def allows_address(self, address: str, binding: str) -> bool:
        """Whether this address may post: asked only of a browser without a login or a cookie."""
        return bool(binding) or self._by_address.try_acquire(address)

    def allows_participant(self, participant: str) -> bool:
        """Whether this participant may post once more now."""
        return self._by_participant.try_acquire(participant)


def remaining_rows(rows: int, dealt_at: int, now: int) -> int:
    """Return how many rows a deck still takes; times are milliseconds since 1970."""
    minutes = max(now - dealt_at, 0) // 60_000
    return max(ROW_BURST + ROWS_PER_MINUTE * minutes - rows, 0)
