"""What one process holds once, for the routes and the pages alike."""

import threading
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from app.auth.account_linking import ShopStatements
from app.auth.deck_tokens import DeckTokens
from app.auth.device_pairing import DevicePairing
from app.auth.rate_limits import SwipeRateLimits
from app.operations.jobs import Jobs
from app.storage.event_store.store import EventStore
from app.storage.study_db.account_links import AccountLinks
from app.storage.study_db.store import StudyStore
from app.web.sweep import StudySweep
from app.workspace import settings as _settings
from app.workspace.keys import SecretKeys
from app.workspace.lock import WorkspaceLock
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace

Resource = TypeVar("Resource")
_lock = threading.RLock()
_cache_clearers: list[Callable[[], None]] = []
_open_resources: list[Workspace | Jobs | WorkspaceLock | StudySweep] = []
_settings_in_force: list[Settings] = []


def _singleton(make: Callable[[], Resource]) -> Callable[[], Resource]:
    cached = cache(make)
    _cache_clearers.append(cached.cache_clear)

    def get() -> Resource:
        with _lock:  # two pages may ask first at the same moment
            return cached()

    get.__doc__ = make.__doc__
    return get


def use_settings(settings: Settings | None) -> None:
    """Put these settings in force; None: those of environment and files again."""
    close_all()
    _settings_in_force[:] = [] if settings is None else [settings]


@_singleton
def settings() -> Settings:
    """Return the settings in force."""
    return _settings_in_force[0] if _settings_in_force else _settings.read_settings()


@_singleton
def workspace_lock() -> WorkspaceLock:
    """Hold the workspace for this server. Raises WorkspaceError while another one has it."""
    lock = WorkspaceLock(settings().workspace)
    _open_resources.append(lock)
    return lock


@_singleton
def workspace() -> Workspace:
    """Return everything of the workspace."""
    opened = Workspace(settings())
    _open_resources.append(opened)
    return opened


def secret_keys() -> SecretKeys:
    """Return the keys of the workspace."""
    return workspace().keys


def store() -> StudyStore:
    """Return the study's store."""
    return workspace().store


def account_links() -> AccountLinks:
    """Return the link table."""
    return workspace().account_links


def event_store() -> EventStore:
    """Return the event store. Raises WorkspaceError where nothing was ingested yet."""
    return workspace().event_store


@_singleton
def deck_tokens() -> DeckTokens:
    """Return the signer of deck tokens."""
    return DeckTokens(secret_keys())


@_singleton
def rate_limits() -> SwipeRateLimits:
    """Return the counts of what was posted lately."""
    return SwipeRateLimits()


@_singleton
def shop_statements() -> ShopStatements:
    """Return the notes of the shop's account page that wait for their page."""
    return ShopStatements(secret_keys().link)


@_singleton
def pairing() -> DevicePairing:
    """Return the door of a shared demo; pages show its `code`."""
    return DevicePairing(secret_keys())


@_singleton
def jobs() -> Jobs:
    """Return the long work of this workspace."""
    opened = Jobs(settings(), store())
    _open_resources.append(opened)
    return opened


@_singleton
def study_sweep() -> StudySweep:
    """Start to settle the studies once a minute."""
    sweep = StudySweep(store())
    _open_resources.append(sweep)
    return sweep


def close_all() -> None:
    """Close what is open and forget everything; the next call reads the world anew."""
    with _lock:
        while _open_resources:
            _open_resources.pop().close()
        for clear_cache in _cache_clearers:
            clear_cache()
