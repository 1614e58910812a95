"""Everything of one workspace, opened when it is first needed and shared by pages and commands."""

import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from app.brain import Brain
from app.game import Game
from app.importing.customers import Customers, Ids, ids_of
from app.importing.segments import read_manifest
from app.keyring import Keys
from app.policies import default_policy
from app.registry import Registry, Version
from app.rows.account_rows import Accounts
from app.rows.records import StudyRow
from app.settings import Settings, keys
from app.store import Store
from app.studies import study_of
from app.warehouse import Warehouse
from recsys.errors import WorkspaceError
from recsys.policy import Policy, StudyKind

BRAINS = 4  # model versions kept in memory at a time
BASELINE = "own-purchases-then-views"
"""The rival of a study unless another one is chosen."""


class House:
    """The rooms of a workspace."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._brains: dict[tuple[str, str, str], Brain] = {}
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

    def brain(self, model: str | None = None, policy: Policy | None = None) -> Brain:
        """A model version over today's events, kept in memory for the next question."""
        rule, warehouse = policy or self.policy, self.warehouse
        hash = self.version(model).hash
        with self._lock:
            key = (hash, warehouse.version, rule.hash)
            if key not in self._brains:
                self._brains[key] = Brain.wake(self.registry, hash, warehouse, rule)
                for oldest in list(self._brains)[:-BRAINS]:
                    del self._brains[oldest]
            return self._brains[key]

    def study_to_play(self) -> StudyRow | None:
        """The study that a visitor plays in: the newest live one, open before closed; a playground.

        A closed one still shows everybody her own deck, and may be played for fun.
        """
        rows = self.store.studies()
        live = [row for row in rows if row.kind is StudyKind.LIVE]
        fun = [row for row in rows if row.kind is StudyKind.PLAYGROUND and row.closed_at is None]
        still_open = [row for row in live if row.closed_at is None]
        return next(iter(still_open or live or fun[::-1]), None)  # other playgrounds are one look's

    def game(self, row: StudyRow) -> Game:
        """The game of one study."""
        policy = study_of(row).policy
        second = None if row.challenger is None else self.brain(row.challenger, policy)
        brain = self.brain(row.model, policy)
        return Game(self.store, brain, row, second, known_as=self.stored_id)

    def close(self) -> None:
        """Close what was opened."""
        if self._store is not None:
            self._store.close()
            self._store = None
        if self._accounts is not None:
            self._accounts.close()
            self._accounts = None
