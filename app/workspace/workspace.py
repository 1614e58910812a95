"""The resources of one workspace, opened when first needed and shared by pages and commands."""

import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TypeVar, cast

from threadpoolctl import threadpool_limits

from app.storage.event_store.customer_ids import CustomerIds, IdStorage, id_storage_of
from app.storage.event_store.segment import read_manifest
from app.storage.event_store.store import EventStore
from app.storage.model_registry import ModelRegistry, ModelVersion
from app.storage.study_db.account_links import AccountLinks
from app.storage.study_db.store import StudyStore
from app.workspace.keys import SecretKeys
from app.workspace.policies import default_policy
from app.workspace.settings import Settings, workspace_keys
from recsys.errors import WorkspaceError
from recsys.study.policy import Policy

MAX_CACHED = 4  # values that `cached` keeps in memory: each holds a model bound to the events
CachedValue = TypeVar("CachedValue")
DEFAULT_BASELINE = "own-purchases-then-views"
"""The baseline of a study unless another one is chosen."""


class Workspace:
    """Opens the resources of a workspace: databases, events, models, keys and policy."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._cache: dict[tuple[str, ...], object] = {}
        self._event_store: EventStore | None = None
        self._store: StudyStore | None = None
        self._account_links: AccountLinks | None = None
        self._lock = threading.RLock()
        # for the whole process: with two threads a pass over 50,000 brands takes four times as long
        threadpool_limits(1, "blas")

    @property
    def folder(self) -> Path:
        """The folder that holds everything."""
        return self.settings.workspace

    @cached_property
    def policy(self) -> Policy:
        """The policy of a study unless another one is given."""
        return default_policy()

    @cached_property
    def keys(self) -> SecretKeys:
        """The secret keys of this workspace."""
        return workspace_keys(self.settings)

    @property
    def store(self) -> StudyStore:
        """The study database."""
        with self._lock:
            if self._store is None:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._store = StudyStore(self.settings.store_path)
            return self._store

    @property
    def account_links(self) -> AccountLinks:
        """The link table (employee -> customer), in a file without any study data."""
        with self._lock:
            if self._account_links is None:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._account_links = AccountLinks(self.settings.accounts_path)
            return self._account_links

    @cached_property
    def registry(self) -> ModelRegistry:
        """The model versions."""
        return ModelRegistry(self.folder / "models")

    @property
    def event_store(self) -> EventStore:
        """The events as of the last import. Raises WorkspaceError if there are none."""
        with self._lock:
            manifest = read_manifest(self.folder)
            opened = self._event_store
            if opened is None or manifest is None or opened.manifest != manifest:
                self._event_store = EventStore.open(self.folder)
            assert self._event_store is not None
            return self._event_store

    @property
    def customer_ids(self) -> CustomerIds:
        """The conversion of customer ids to stored ids, with this workspace's customer key."""
        return CustomerIds(self.keys.customer)

    @property
    def is_erased(self) -> Callable[[str], bool] | None:
        """A test whether a shop customer was erased from the events; None if nobody was."""
        tombstones = frozenset((read_manifest(self.folder) or {}).get("erased", ()))
        return (lambda who: self.customer_ids.tombstone(who) in tombstones) if tombstones else None

    def stored_id(self, customer_id: str) -> str:
        """Return the id of a shop customer in the event store."""
        ids = id_storage_of(read_manifest(self.folder)) or IdStorage.KEEP
        return self.customer_ids.stored_id(ids, customer_id)

    def version(self, name: str | None = None) -> ModelVersion:
        """Return a model version by name; without a name the candidate, else the newest.

        Raises UnknownNameError for an unknown name, WorkspaceError if there is no model yet.
        """
        if name is not None:
            return self.registry.version(name)
        if "candidate" in self.registry.aliases():
            return self.registry.version("candidate")
        for version in self.registry.versions():
            return version
        raise WorkspaceError("There is no model yet. Fit one with `brandswipe model fit`.")

    def cached(self, key: tuple[str, ...], load: Callable[[], CachedValue]) -> CachedValue:
        """Return the value of a key, loading it if needed; keep the newest MAX_CACHED values."""
        with self._lock:
            if key not in self._cache:
                self._cache[key] = load()
                for oldest in list(self._cache)[:-MAX_CACHED]:
                    del self._cache[oldest]
            return cast("CachedValue", self._cache[key])

    def close(self) -> None:
        """Close the databases that were opened."""
        if self._store is not None:
            self._store.close()
            self._store = None
        if self._account_links is not None:
            self._account_links.close()
            self._account_links = None
