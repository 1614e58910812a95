"""Resources that the server process opens once and that routes and pages share."""

import threading
from collections.abc import Callable
from typing import Protocol, TypeVar, cast, runtime_checkable

from app.auth.account_linking import ShopStatements
from app.auth.deck_tokens import DeckTokens
from app.auth.device_pairing import DevicePairing
from app.auth.rate_limits import SwipeRateLimits
from app.operations.jobs import Jobs
from app.storage.event_store.store import EventStore
from app.storage.study_db.account_links import AccountLinks
from app.storage.study_db.store import StudyStore
from app.study.deal_queue import DealQueue
from app.web.study_sweep import StudySweep
from app.workspace.keys import SecretKeys
from app.workspace.lock import WorkspaceLock
from app.workspace.settings import Settings, read_settings
from app.workspace.workspace import Workspace

Resource = TypeVar("Resource")


@runtime_checkable
class Closable(Protocol):
    """A resource that must be closed."""

    def close(self) -> None:
        """Close it."""


class AppState:
    """The resources of a running server, each opened when it is first needed.

    Parameters
    ----------
    given_settings : None reads environment and files, again after each `close`
    rate_limits : the rate limiter for posts of swipes
    """

    def __init__(
        self, given_settings: Settings | None = None, rate_limits: SwipeRateLimits | None = None
    ) -> None:
        self.given_settings = given_settings
        self.rate_limits = rate_limits or SwipeRateLimits()
        self.is_guarded = False
        self._lock = threading.RLock()
        self._resources: dict[str, object] = {}

    def once(self, name: str, open_resource: Callable[[], Resource]) -> Resource:
        """Return the resource with this name; open it first if necessary."""
        with self._lock:  # two pages may make the first request at the same time
            if name not in self._resources:
                self._resources[name] = open_resource()
            return cast("Resource", self._resources[name])

    def close(self) -> None:
        """Close all open resources, the newest first; the next use opens them again."""
        with self._lock:
            while self._resources:
                _, resource = self._resources.popitem()
                if isinstance(resource, Closable):
                    resource.close()


_state: AppState | None = None  # made by the server before it serves, or at the first use


def state() -> AppState:
    """Return the current state; create it if necessary."""
    global _state
    if _state is None:
        _state = AppState()
    return _state


def use_state(new_state: AppState) -> None:
    """Close the current state and replace it."""
    global _state
    close_all()
    _state = new_state


def use_settings(settings: Settings | None) -> None:
    """Replace the settings; None reads them from environment and files again."""
    use_state(AppState(settings))


def close_all() -> None:
    """Close all open resources; the next use reads settings and files again."""
    state().close()


def mark_guarded() -> None:
    """Record that `AccessMiddleware` is active; without it, no page may show the game."""
    state().is_guarded = True


def is_guarded() -> bool:
    """Return whether `AccessMiddleware` is active."""
    return state().is_guarded


def settings() -> Settings:
    """Return the current settings."""
    return state().once("settings", lambda: state().given_settings or read_settings())


def workspace_lock() -> WorkspaceLock:
    """Lock the workspace for this server. Raises WorkspaceError if another server has the lock."""
    return state().once("workspace lock", lambda: WorkspaceLock(settings().workspace))


def workspace() -> Workspace:
    """Return the workspace."""
    return state().once("workspace", lambda: Workspace(settings()))


def secret_keys() -> SecretKeys:
    """Return the secret keys of the workspace."""
    return workspace().keys


def store() -> StudyStore:
    """Return the study store."""
    return workspace().store


def account_links() -> AccountLinks:
    """Return the table that links employees to customers."""
    return workspace().account_links


def event_store() -> EventStore:
    """Return the event store. Raises WorkspaceError if no events were ingested yet."""
    return workspace().event_store


def deck_tokens() -> DeckTokens:
    """Return the signer of deck tokens."""
    return state().once("deck tokens", lambda: DeckTokens(secret_keys()))


def rate_limits() -> SwipeRateLimits:
    """Return the rate limiter for posts of swipes."""
    return state().rate_limits


def shop_statements() -> ShopStatements:
    """Return the shop statements that were posted but not yet collected by their page."""
    return state().once("shop statements", lambda: ShopStatements(secret_keys().link))


def pairing() -> DevicePairing:
    """Return the phone pairing of a shared demo; pages show its `code`."""
    return state().once("pairing", lambda: DevicePairing(secret_keys()))


def jobs() -> Jobs:
    """Return the background jobs of the workspace."""
    return state().once("jobs", lambda: Jobs(settings(), store()))


def deal_queue() -> DealQueue:
    """Return the queue that deals decks one after another."""
    return state().once("deal queue", DealQueue)


def study_sweep() -> StudySweep:
    """Start the thread that settles the studies once a minute, and return it."""
    return state().once("study sweep", lambda: StudySweep(store()))
