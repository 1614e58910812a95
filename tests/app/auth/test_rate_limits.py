"""Limits: generous to every hand, the same whatever the clock says, and bounded in memory."""

from hypothesis import given
from hypothesis import strategies as st

from app.auth.rate_limits import (
    POSTS,
    POSTS_OF_AN_ADDRESS,
    ROWS,
    ROWS_A_MINUTE,
    Allowance,
    Limits,
    room,
)


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def taken(allowance: Allowance, name: str, tries: int) -> int:
    return sum(allowance.take(name) for _ in range(tries))


def test_so_many_may_come_at_once_and_the_next_ones_evenly_over_a_minute() -> None:
    clock = Clock()
    allowance = Allowance(60, clock)
    assert taken(allowance, "ann", 100) == 60
    clock.now += 10
    assert taken(allowance, "ann", 100) == 10
    clock.now += 3_600
    assert taken(allowance, "ann", 100) == 60


def test_one_name_takes_nothing_from_another() -> None:
    allowance = Allowance(3, Clock())
    assert taken(allowance, "ann", 9) == taken(allowance, "bob", 9) == 3


@given(st.lists(st.floats(0, 30), min_size=1, max_size=80))
def test_in_no_minute_are_there_more_than_twice_so_many(gaps: list[float]) -> None:
    """At once, and what came back meanwhile: the worst case of any rule that allows a burst."""
    clock = Clock()
    allowance, times = Allowance(5, clock), []
    for gap in gaps:
        clock.now += gap
        times += [clock.now] * taken(allowance, "ann", 7)
    for start in times:
        assert sum(start <= time < start + 60 for time in times) <= 10


def test_the_names_that_are_remembered_are_bounded_and_the_newest_stay() -> None:
    allowance = Allowance(1, Clock(), most=100)
    for number in range(10_000):
        assert allowance.take(str(number))
    assert len(allowance._used_until) == 100
    assert not allowance.take("9999")


def test_fifty_keys_at_once_each_posted_and_posted_again_meet_no_limit() -> None:
    limits = Limits(Clock())
    assert all(limits.lets_post("ann") for _ in range(50 * 2 * 5))
    assert not all(limits.lets_post("ann") for _ in range(POSTS))


def test_an_address_counts_only_while_nobody_is_known_by_a_cookie() -> None:
    limits = Limits(Clock())
    assert all(limits.lets_in("office", "ann") for _ in range(POSTS_OF_AN_ADDRESS + 9))
    assert sum(limits.lets_in("office", "") for _ in range(POSTS_OF_AN_ADDRESS + 9)) == 3_000
    assert not limits.lets_in("office", "")
    assert limits.lets_in("elsewhere", "")


def test_a_deck_has_room_for_every_change_of_mind_and_later_for_more() -> None:
    assert room(0, 0, 0) == ROWS >= 20 * 2 * 25
    assert room(ROWS + 5, 0, 0) == 0
    assert room(ROWS, 0, 60_000) == ROWS_A_MINUTE
    assert room(ROWS, 60_000, 0) == 0
