"""What one process holds once, for the routes and the pages alike."""

import threading
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from app import settings as _settings
from app.accounts import Notes
from app.house import House
from app.jobs import Jobs
from app.keyring import Keys
from app.limits import Limits
from app.phones import Pairing
from app.place import Place
from app.rows.account_rows import Accounts
from app.settings import Settings
from app.store import Store
from app.tokens import DeckTokens
from app.warehouse import Warehouse

Thing = TypeVar("Thing")
_lock = threading.RLock()
_forget: list[Callable[[], None]] = []
_open: list[House | Jobs | Place] = []
_given: list[Settings] = []


def _once(make: Callable[[], Thing]) -> Callable[[], Thing]:
    cached = cache(make)
    _forget.append(cached.cache_clear)

    def get() -> Thing:
        with _lock:  # two pages may ask first at the same moment
            return cached()

    get.__doc__ = make.__doc__
    return get


def use(settings: Settings | None) -> None:
    """Put these settings in force; None: those of environment and files again."""
    close()
    _given[:] = [] if settings is None else [settings]


@_once
def settings() -> Settings:
    """Return the settings in force."""
    return _given[0] if _given else _settings.read()


@_once
def place() -> Place:
    """Hold the workspace for this server. Raises WorkspaceError while another one has it."""
    made = Place(settings().workspace)
    _open.append(made)
    return made


@_once
def house() -> House:
    """Return everything of the workspace."""
    made = House(settings())
    _open.append(made)
    return made


def keys() -> Keys:
    """Return the keys of the workspace."""
    return house().keys


def store() -> Store:
    """Return the study's store."""
    return house().store


def accounts() -> Accounts:
    """Return the link table."""
    return house().accounts


def warehouse() -> Warehouse:
    """Return the event store. Raises WorkspaceError where nothing was ingested yet."""
    return house().warehouse


@_once
def tokens() -> DeckTokens:
    """Return the signer of deck tokens."""
    return DeckTokens(keys())


@_once
def limits() -> Limits:
    """Return the counts of what was posted lately."""
    return Limits()


@_once
def notes() -> Notes:
    """Return the notes of the shop's account page that wait for their page."""
    return Notes(keys().link)


@_once
def pairing() -> Pairing:
    """Return the door of a shared demo; pages show its `code`."""
    return Pairing(keys())


@_once
def jobs() -> Jobs:
    """Return the long work of this workspace."""
    made = Jobs(settings(), store())
    _open.append(made)
    return made


def close() -> None:
    """Close what is open and forget everything; the next call reads the world anew."""
    with _lock:
        while _open:
            _open.pop().close()
        for forget in _forget:
            forget()
