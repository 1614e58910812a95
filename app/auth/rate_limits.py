"""How much one player may post: more than any hand can do, less than would hurt the others.

A limit loses nothing: who meets one is told 429, and her browser keeps the answers and asks later.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

POSTS = 600  # a minute, and at once: 50 keys without a gap are 50 posts at most
POSTS_OF_AN_ADDRESS = 3_000  # of all its guests without a cookie: an office shares one address
ROWS = 1_000  # of a deck at once: each of twenty cards answered and taken back 25 times
ROWS_A_MINUTE = 6  # that a deck takes beyond them, so that no answer waits for ever
MOST = 10_000  # names that are remembered; the one heard longest ago goes first


class Allowance:
    """So many at once for each name, coming back evenly over a minute.

    One number a name is kept (the generic cell rate algorithm, ATM Forum TM 4.0, annex C).
    """

    def __init__(
        self, a_minute: int, clock: Callable[[], float] = time.monotonic, most: int = MOST
    ) -> None:
        self._each, self._clock, self._most = 60 / a_minute, clock, most
        self._used_until: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str) -> bool:
        """Take one and return True, or return False where nothing is left now."""
        now = self._clock()
        with self._lock:
            until = max(self._used_until.get(name, now), now) + self._each
            if until > now + 60 + self._each / 2:  # halves are rounded away
                return False
            self._used_until[name] = until
            self._used_until.move_to_end(name)
            if len(self._used_until) > self._most:
                self._used_until.popitem(last=False)
        return True


class Limits:
    """What the route of swipes asks before it stores anything."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._of_participant = Allowance(POSTS, clock)
        self._of_address = Allowance(POSTS_OF_AN_ADDRESS, clock)

    def lets_in(self, address: str, binding: str) -> bool:
        """Whether this address may post: asked only of a browser without a login or a cookie."""
        return bool(binding) or self._of_address.take(address)

    def lets_post(self, participant: str) -> bool:
        """Whether this participant may post once more now."""
        return self._of_participant.take(participant)


def room(rows: int, dealt_at: int, now: int) -> int:
    """Return how many rows a deck still takes; times are milliseconds since 1970."""
    minutes = max(now - dealt_at, 0) // 60_000
    return max(ROWS + ROWS_A_MINUTE * minutes - rows, 0)
