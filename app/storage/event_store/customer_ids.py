"""Customer ids in the event store: kept or hashed, and tombstones of erased customers."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from app.storage.event_store.segment import KEY_SQL, CustomerKeys, Segment
from app.storage.event_store.segment_writer import assign_keys
from recsys.errors import BadInputError

HASH_LENGTH = 32  # hexadecimal digits: 128 bits make a collision negligible


class IdStorage(StrEnum):
    """Form in which the store keeps a customer id."""

    KEEP = "keep"  # as in the shop's files
    HASH = "hash"  # HMAC of the id under the customer key


@dataclass(frozen=True, slots=True)
class CustomerIds:
    """HMACs of ids under the customer key. Without a key ids are kept; erasure is impossible."""

    key: bytes = b""

    def stored_id(self, id_storage: IdStorage, customer_id: str) -> str:
        """Return the id of a customer as a store with this `id_storage` keeps it."""
        return (
            customer_id
            if id_storage is IdStorage.KEEP
            else self._mac("customer", customer_id)[:HASH_LENGTH]
        )

    def tombstone(self, customer_id: str) -> str:
        """Return the tombstone that replaces an erased customer in the manifest."""
        return self._mac("erased", customer_id)

    def _mac(self, purpose: str, customer_id: str) -> str:
        assert self.key, "a workspace hands its customer key on"
        return hmac.new(self.key, f"{purpose} {customer_id}".encode(), sha256).hexdigest()

    def __repr__(self) -> str:
        """Return a constant, because the key must not reach a log."""
        return "Customers(...)"


def id_storage_of(manifest: Mapping[str, Any] | None) -> IdStorage | None:
    """Return how a store keeps ids, or None without a store."""
    return None if manifest is None else IdStorage(manifest.get("ids", IdStorage.KEEP))


def resolve_id_storage(
    requested: IdStorage | None, current: IdStorage | None, is_planted: bool
) -> IdStorage:
    """Return how an import keeps ids: as its store does, else as requested, else KEEP.

    Raises BadInputError if the request differs from the store, or asks to hash a planted shop.
    """
    if requested is IdStorage.HASH and is_planted:
        raise BadInputError("The customers of a planted shop are invented: leave --ids out.")
    if requested is not None and current is not None and requested is not current:
        raise BadInputError(
            f"The ids of this store were imported with --ids {current}: leave --ids out, or start "
            "anew with --replace."
        )
    return requested or current or IdStorage.KEEP


def imported_customers(
    con: duckdb.DuckDBPyConnection,
    customer_ids: CustomerIds,
    id_storage: IdStorage,
    segments: list[Segment],
) -> tuple[pa.Array, pa.Array, CustomerKeys]:
    """Return an import's customers as (ids in files, ids in the store, keys), ascending by key."""
    file_ids = con.sql("SELECT DISTINCT customer FROM good").to_arrow_table()["customer"]
    stored_ids = file_ids
    if id_storage is IdStorage.HASH:
        stored_ids = pa.array(
            [customer_ids.stored_id(id_storage, each) for each in file_ids.to_pylist()], pa.string()
        )
    con.register("called", pa.table({"theirs": file_ids, "ours": stored_ids}))
    table: pa.Table = con.sql(
        f"SELECT theirs, ours, {KEY_SQL.format('ours')} AS key FROM called ORDER BY key, ours"
    ).to_arrow_table()
    sorted_ids = table["ours"].cast(pa.large_string()).combine_chunks()
    keys = assign_keys(table["key"].to_numpy().astype(np.uint64), sorted_ids, segments)
    order = np.argsort(keys, kind="stable")
    sorted_file_ids = table["theirs"].combine_chunks().take(pa.array(order))
    return sorted_file_ids, sorted_ids.take(pa.array(order)), keys[order]
