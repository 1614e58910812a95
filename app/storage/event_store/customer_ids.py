"""How a customer is called in the event store, and how one is known that was taken out of it."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from app.storage.event_store.segment import KEY_SQL, Keys, Segment
from app.storage.event_store.segment_writer import keyed
from recsys.errors import BadInputError

HASH_SIGNS = 32  # hexadecimal digits, 128 bits: no two customers of any shop meet


class Ids(StrEnum):
    """What the store keeps of a customer's id."""

    KEEP = "keep"  # as the shop's files say it
    HASH = "hash"  # its HMAC under the customer key


@dataclass(frozen=True, slots=True)
class Customers:
    """The customer key at work. Without a key ids are kept and nobody can be taken out."""

    key: bytes = b""

    def stored(self, ids: Ids, customer_id: str) -> str:
        """Return what stands for a customer in a store that keeps ids so."""
        return customer_id if ids is Ids.KEEP else self._mac("customer", customer_id)[:HASH_SIGNS]

    def tombstone(self, customer_id: str) -> str:
        """Return what stands in the manifest for a customer who was taken out."""
        return self._mac("erased", customer_id)

    def _mac(self, what: str, customer_id: str) -> str:
        assert self.key, "a workspace hands its customer key on"
        return hmac.new(self.key, f"{what} {customer_id}".encode(), sha256).hexdigest()

    def __repr__(self) -> str:
        """Say nothing: a key must not reach a log."""
        return "Customers(...)"


def ids_of(manifest: Mapping[str, Any] | None) -> Ids | None:
    """Return how a store keeps ids; None where there is no store yet."""
    return None if manifest is None else Ids(manifest.get("ids", Ids.KEEP))


def agreed(wanted: Ids | None, there: Ids | None, planted: bool) -> Ids:
    """Return how an import keeps ids: as its store does.

    Raises BadInputError for another wish, and for people who are invented by their ids.
    """
    if wanted is Ids.HASH and planted:
        raise BadInputError("The customers of a planted shop are invented: leave --ids out.")
    if wanted is not None and there is not None and wanted is not there:
        raise BadInputError(
            f"The ids of this store were imported with --ids {there}: leave --ids out, or start "
            "anew with --replace."
        )
    return wanted or there or Ids.KEEP


def called(
    con: duckdb.DuckDBPyConnection, who: Customers, ids: Ids, segments: list[Segment]
) -> tuple[pa.Array, pa.Array, Keys]:
    """Return an import's customers as its files and as the store call them, and their keys.

    Ascending by key.
    """
    plain = con.sql("SELECT DISTINCT customer FROM good").to_arrow_table()["customer"]
    stored = plain
    if ids is Ids.HASH:
        stored = pa.array([who.stored(ids, each) for each in plain.to_pylist()], pa.string())
    con.register("called", pa.table({"theirs": plain, "ours": stored}))
    table: pa.Table = con.sql(
        f"SELECT theirs, ours, {KEY_SQL.format('ours')} AS key FROM called ORDER BY key, ours"
    ).to_arrow_table()
    ours = table["ours"].cast(pa.large_string()).combine_chunks()
    keys = keyed(table["key"].to_numpy().astype(np.uint64), ours, segments)
    order = np.argsort(keys, kind="stable")
    theirs = table["theirs"].combine_chunks().take(pa.array(order))
    return theirs, ours.take(pa.array(order)), keys[order]
