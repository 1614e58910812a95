"""Every error of ours, one tree. Each says in one sentence what is wrong and what to do.

BrandswipeError
├── BadInputError            a file, an argument or a setting is not usable
│   ├── BadEventsError       an event file or its rows
│   ├── BadPolicyError       a policy that cannot gate
│   ├── UnknownNameError     a name that is not there; lists the known ones
│   └── SettingsError        the environment or brandswipe.toml
├── NotEnoughError           too little to compute with
│   ├── NotEnoughBrandsError
│   └── NotEnoughHistoryError
├── IllegalSwipeError        a swipe that its deck does not allow
├── NotAllowedError          who asks may not do this
│   ├── LoginNeededError     nobody knows who asks, or no longer
│   └── TokenExpiredError    who asked may do so again with a fresh pass
├── WorkspaceError           the workspace is missing, newer, busy or damaged
└── IntegrityError           what was stored is not what was written
"""

from collections.abc import Iterable
from difflib import get_close_matches


class BrandswipeError(Exception):
    """The root. Its text is one sentence for the person who caused it."""


class BadInputError(BrandswipeError):
    """A file, an argument or a setting is not usable."""


class BadEventsError(BadInputError):
    """An event or product file cannot be imported."""


class BadPolicyError(BadInputError):
    """A policy that cannot gate."""


class UnknownNameError(BadInputError):
    """A name that is not there."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        self.what, self.name, self.known = what, name, sorted(known)
        close_matches = get_close_matches(name, self.known, n=1)
        hint = f" Did you mean {close_matches[0]!r}?" if close_matches else ""
        known_names = ", ".join(self.known[:12]) or "none yet"
        super().__init__(f"No {what} is called {name!r}.{hint} Known: {known_names}.")


class SettingsError(BadInputError):
    """The environment or brandswipe.toml says something that cannot be used."""


class NotEnoughError(BrandswipeError):
    """There is too little to compute with."""


class NotEnoughBrandsError(NotEnoughError):
    """The shop, or what is left of it, has too few brands for the deck."""

    def __init__(self, wanted: int, available: int, what: str) -> None:
        self.wanted, self.available, self.what = wanted, available, what
        super().__init__(
            f"A deck needs {wanted} {what}, but only {available} brands are left for them. "
            f"Deal a smaller deck, or import more brands."
        )


class NotEnoughHistoryError(NotEnoughError):
    """A person did too little in this shop to be known."""


class IllegalSwipeError(BrandswipeError):
    """A swipe that its deck does not allow."""


class NotAllowedError(BrandswipeError):
    """Who asks may not do this."""


class LoginNeededError(NotAllowedError):
    """Nobody knows who asks, or no longer."""

    def __init__(self, expired: bool = False) -> None:
        self.expired = expired
        super().__init__(
            "Your login is over: log in again; no answer is lost."
            if expired
            else "Nobody knows yet who you are: log in first."
        )


class TokenExpiredError(NotAllowedError):
    """A pass of ours whose time is over."""


class WorkspaceError(BrandswipeError):
    """The workspace is missing, newer than this program, busy or damaged."""


class IntegrityError(BrandswipeError):
    """What was stored is not what was written."""


class DamagedError(WorkspaceError, IntegrityError):
    """A file of the workspace is damaged: nothing can be done with it, and a backup is needed."""
