"""What one process holds once, for the routes and the pages alike."""

import threading
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from app.auth.account_linking import Notes
from app.auth.deck_tokens import DeckTokens
from app.auth.device_pairing import Pairing
from app.auth.rate_limits import Limits
from app.operations.jobs import Jobs
from app.storage.event_store.store import Warehouse
from app.storage.study_db.account_links import Accounts
from app.storage.study_db.store import Store
from app.workspace import settings as _settings
from app.workspace.keys import Keys
from app.workspace.lock import Place
from app.workspace.settings import Settings
from app.workspace.workspace import House

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
