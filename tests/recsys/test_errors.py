"""What an error says to a person."""

from recsys.errors import LoginNeededError, NotAllowedError


def test_who_must_log_in_reads_whether_a_login_is_over_or_was_never_there() -> None:
    never, over = LoginNeededError(), LoginNeededError(expired=True)
    assert isinstance(never, NotAllowedError)
    assert (never.expired, over.expired) == (False, True)
    assert str(never) == "You are not logged in: log in first."
    assert str(over) == "Your login has expired: log in again; no answer is lost."
