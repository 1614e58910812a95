"""Everything of one workspace, opened when it is first needed and shared by pages and commands."""

import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TypeVar, cast

from app.storage.event_store.customer_ids import Customers, Ids, ids_of
from app.storage.event_store.segment import read_manifest
from app.storage.event_store.store import Warehouse
from app.storage.model_registry import Registry, Version
from app.storage.study_db.account_links import Accounts
from app.storage.study_db.store import Store
from app.workspace.keys import Keys
from app.workspace.policies import default_policy
from app.workspace.settings import Settings, keys
from recsys.errors import WorkspaceError
from recsys.study.policy import Policy

LOADED = 4  # values that `loaded` keeps in memory: each is a model version over the events
Value = TypeVar("Value")
BASELINE = "own-purchases-then-views"
"""The rival of a study unless another one is chosen."""


class House:
    """The rooms of a workspace."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._loaded: dict[tuple[str, ...], object] = {}
        self._warehouse: Warehouse | None = None
        self._store: Store | None = None
        self._accounts: Accounts | None = None
        self._lock = threading.RLock()

    @property
    def workspace(self) -> Path:
        """Where everything lies."""
        return self.settings.workspace

    @cached_property
    def policy(self) -> Policy:
        """The policy that studies are opened with unless another one is given."""
        return default_policy()

    @cached_property
    def keys(self) -> Keys:
        """The keys of this workspace."""
        return keys(self.settings)

    @property
    def store(self) -> Store:
        """The study's store."""
        with self._lock:
            if self._store is None:
                self.workspace.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._store = Store(self.settings.store_path)
            return self._store

    @property
    def accounts(self) -> Accounts:
        """Which employee is which customer; in a file that nothing of the study is in."""
        with self._lock:
            if self._accounts is None:
                self.workspace.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._accounts = Accounts(self.settings.accounts_path)
            return self._accounts

    @cached_property
    def registry(self) -> Registry:
        """The model versions."""
        return Registry(self.workspace / "models")

    @property
    def warehouse(self) -> Warehouse:
        """The events as of the last import. Raises WorkspaceError where there are none."""
        with self._lock:
            manifest = read_manifest(self.workspace)
            known = self._warehouse
            if known is None or manifest is None or known.manifest != manifest:
                self._warehouse = Warehouse.open(self.workspace)
            assert self._warehouse is not None
            return self._warehouse

    @property
    def customers(self) -> Customers:
        """The customer key at work."""
        return Customers(self.keys.customer)

    @property
    def erased(self) -> Callable[[str], bool] | None:
        """Whether a customer of the shop was taken out of its events; None where nobody was."""
        tombstones = frozenset((read_manifest(self.workspace) or {}).get("erased", ()))
        return (lambda who: self.customers.tombstone(who) in tombstones) if tombstones else None

    def stored_id(self, customer_id: str) -> str:
        """What stands for a customer of the shop in the events."""
        ids = ids_of(read_manifest(self.workspace)) or Ids.KEEP
        return self.customers.stored(ids, customer_id)

    def version(self, name: str | None = None) -> Version:
        """A model version by name; without one the candidate, else the newest."""
        if name is not None:
            return self.registry.version(name)
        if "candidate" in self.registry.aliases():
            return self.registry.version("candidate")
        for version in self.registry.versions():
            return version
        raise WorkspaceError("There is no model yet. Fit one with `brandswipe fit`.")

    def loaded(self, key: tuple[str, ...], load: Callable[[], Value]) -> Value:
        """Return the value of a key; load it once, and keep the newest values in memory."""
        with self._lock:
            if key not in self._loaded:
                self._loaded[key] = load()
                for oldest in list(self._loaded)[:-LOADED]:
                    del self._loaded[oldest]
            return cast("Value", self._loaded[key])

    def close(self) -> None:
        """Close what was opened."""
        if self._store is not None:
            self._store.close()
            self._store = None
        if self._accounts is not None:
            self._accounts.close()
            self._accounts = None
