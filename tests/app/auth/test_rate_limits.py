"""Limits: generous to every hand, the same whatever the clock says, and bounded in memory."""

from hypothesis import given
from hypothesis import strategies as st

from app.auth.rate_limits import (
    POSTS_PER_ADDRESS,
    POSTS_PER_MINUTE,
    ROW_BURST,
    ROWS_PER_MINUTE,
    RateLimiter,
    SwipeRateLimits,
    remaining_rows,
)


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def taken(allowance: RateLimiter, name: str, tries: int) -> int:
    return sum(allowance.try_acquire(name) for _ in range(tries))


def test_so_many_may_come_at_once_and_the_next_ones_evenly_over_a_minute() -> None:
    clock = Clock()
    allowance = RateLimiter(60, clock)
    assert taken(allowance, "ann", 100) == 60
    clock.now += 10
    assert taken(allowance, "ann", 100) == 10
    clock.now += 3_600
    assert taken(allowance, "ann", 100) == 60


def test_one_name_takes_nothing_from_another() -> None:
    allowance = RateLimiter(3, Clock())
    assert taken(allowance, "ann", 9) == taken(allowance, "bob", 9) == 3


@given(st.lists(st.floats(0, 30), min_size=1, max_size=80))
def test_in_no_minute_are_there_more_than_twice_so_many(gaps: list[float]) -> None:
    """At once, and what came back meanwhile: the worst case of any rule that allows a burst."""
    clock = Clock()
    allowance, times = RateLimiter(5, clock), []
    for gap in gaps:
        clock.now += gap
        times += [clock.now] * taken(allowance, "ann", 7)
    for start in times:
        assert sum(start <= time < start + 60 for time in times) <= 10


def test_the_names_that_are_remembered_are_bounded_and_the_newest_stay() -> None:
    allowance = RateLimiter(1, Clock(), max_names=100)
    for number in range(10_000):
        assert allowance.try_acquire(str(number))
    assert len(allowance._used_until) == 100
    assert not allowance.try_acquire("9999")


def test_fifty_keys_at_once_each_posted_and_posted_again_meet_no_limit() -> None:
    limits = SwipeRateLimits(Clock())
    assert all(limits.allows_participant("ann") for _ in range(50 * 2 * 5))
    assert not all(limits.allows_participant("ann") for _ in range(POSTS_PER_MINUTE))


def test_an_address_counts_only_while_nobody_is_known_by_a_cookie() -> None:
    limits = SwipeRateLimits(Clock())
    assert all(limits.allows_address("office", "ann") for _ in range(POSTS_PER_ADDRESS + 9))
    assert sum(limits.allows_address("office", "") for _ in range(POSTS_PER_ADDRESS + 9)) == 3_000
    assert not limits.allows_address("office", "")
    assert limits.allows_address("elsewhere", "")


def test_a_deck_has_room_for_every_change_of_mind_and_later_for_more() -> None:
    assert remaining_rows(0, 0, 0) == ROW_BURST >= 20 * 2 * 25
    assert remaining_rows(ROW_BURST + 5, 0, 0) == 0
    assert remaining_rows(ROW_BURST, 0, 60_000) == ROWS_PER_MINUTE
    assert remaining_rows(ROW_BURST, 60_000, 0) == 0
