"""All exceptions of Brandswipe. Each message says in one sentence what is wrong and what to do.

BrandswipeError
├── BadInputError            a file, an argument or a setting is not usable
│   ├── BadEventsError       an event or product file, or its rows, cannot be imported
│   ├── BadPolicyError       a policy is not valid, so the release gate cannot use it
│   ├── UnknownNameError     a name does not exist; the message lists the known names
│   └── SettingsError        the environment or brandswipe.toml has an unusable value
├── NotEnoughError           there is too little data to compute with
│   ├── NotEnoughBrandsError
│   └── NotEnoughHistoryError
├── IllegalSwipeError        the deck does not allow this swipe
├── NotAllowedError          the user may not do this
│   ├── LoginNeededError     the user has no login, or the login has expired
│   └── TokenExpiredError    the token has expired; the user may retry with a new one
├── WorkspaceError           the workspace is missing, newer, busy or damaged
│   └── DamagedError         a file is damaged; also an IntegrityError
└── IntegrityError           stored data fails its integrity check
"""

from collections.abc import Iterable
from difflib import get_close_matches


class BrandswipeError(Exception):
    """The base class. Its message is one sentence for the user who caused the error."""


class BadInputError(BrandswipeError):
    """A file, an argument or a setting is not usable."""


class BadEventsError(BadInputError):
    """An event or product file cannot be imported."""


class BadPolicyError(BadInputError):
    """A policy that is not valid, so that the release gate cannot use it."""


class UnknownNameError(BadInputError):
    """A name that does not exist. The message suggests a close name and lists the known ones."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        self.what, self.name, self.known = what, name, sorted(known)
        close_matches = get_close_matches(name, self.known, n=1)
        hint = f" Did you mean {close_matches[0]!r}?" if close_matches else ""
        known_names = ", ".join(self.known[:12]) or "none yet"
        super().__init__(f"No {what} is called {name!r}.{hint} Known: {known_names}.")


class SettingsError(BadInputError):
    """The environment or brandswipe.toml has a value that cannot be used."""


class NotEnoughError(BrandswipeError):
    """There is too little data to compute with."""


class NotEnoughBrandsError(NotEnoughError):
    """The shop, or its brands that are still available, has too few brands for the deck."""

    def __init__(self, wanted: int, available: int, what: str) -> None:
        self.wanted, self.available, self.what = wanted, available, what
        super().__init__(
            f"A deck needs {wanted} {what}, but only {available} brands are left for them. "
            f"Deal a smaller deck, or import more brands."
        )


class NotEnoughHistoryError(NotEnoughError):
    """A customer has too few events in this shop, or none."""


class IllegalSwipeError(BrandswipeError):
    """A swipe that its deck does not allow."""


class NotAllowedError(BrandswipeError):
    """The user may not do this."""


class LoginNeededError(NotAllowedError):
    """The user has no login, or the login has expired."""

    def __init__(self, expired: bool = False) -> None:
        self.expired = expired
        super().__init__(
            "Your login has expired: log in again; no answer is lost."
            if expired
            else "You are not logged in: log in first."
        )


class TokenExpiredError(NotAllowedError):
    """A token that was valid and has expired."""


class WorkspaceError(BrandswipeError):
    """The workspace is missing, newer than this program, busy or damaged."""


class IntegrityError(BrandswipeError):
    """Stored data that fails its integrity check: it differs from the data that was written."""


class DamagedError(WorkspaceError, IntegrityError):
    """A file of the workspace is damaged and cannot be used. Restore a backup."""
