"""A database whose rows are linked: appending, and finding what was changed behind its back."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any

from app.storage.study_db.database import Database, DbRow, now_ms
from app.storage.study_db.migrations import CHAINED_TABLES
from app.storage.study_db.row_codec import canonical_json

CHAIN_START = "0" * 64
UNCOMMITTED_COLUMNS = ("seq", "salt")


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last link."""

    seq: int = 0
    commitment: str = CHAIN_START


def row_commitment(previous: str, salt: str, table: str, row: Mapping[str, Any]) -> str:
    """Return the link, in hex. An empty column says nothing: a later one leaves old links as is."""
    columns = {k: v for k, v in row.items() if v is not None and k not in UNCOMMITTED_COLUMNS}
    return sha256(f"{previous}{salt}{canonical_json([table, columns])}".encode()).hexdigest()


def next_link(
    head: ChainHead, table: str, row: Mapping[str, Any]
) -> tuple[ChainHead, dict[str, Any]]:
    """Return the new head and the row with its `seq` and salt."""
    salt = token_hex(16)
    new = ChainHead(head.seq + 1, row_commitment(head.commitment, salt, table, row))
    return new, {"seq": new.seq, "salt": salt, **row}


def write_head(path: Path, head: ChainHead) -> None:
    """Write the head in place: always one line of one length, so never half a line."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(handle, f"{head.seq:020d} {head.commitment}\n".encode(), 0)
    finally:
        os.close(handle)


def read_head(path: Path) -> ChainHead | None:
    """Return the head in the file; None where there is none that can be read."""
    with suppress(OSError, ValueError):
        seq, commitment = path.read_text(encoding="ascii").split()
        return ChainHead(int(seq), commitment)
    return None


_TIME_COLUMNS = (
    ("studies", "opened_at"), ("decks", "dealt_at"), ("swipes", "received_at"),
    ("closings", "closed_at"), ("consents", "at"), ("jobs", "started_at"), ("events_log", "at"),
)  # fmt: skip


class ChainedDatabase(Database):
    """Adds linked rows and checks the links."""

    def __init__(self, path: Path | None = None, clock: Callable[[], int] = now_ms) -> None:
        self._pending_head: ChainHead | None = None
        self._head_file = None if path is None else path.with_name("chain.head")
        super().__init__(path, clock)
        if self._head_file and not self._head_file.exists() and self.head() == ChainHead():
            write_head(self._head_file, ChainHead())
        self._writes_head = (
            not self._head_mismatch()
        )  # a head that accuses the store stays as it is

    def newest_row_at(self) -> int | None:
        """Return when the newest row was written, in milliseconds; None where there is none."""
        times = " union all ".join(
            f"select max([{at}]) as at from [{of}]" for of, at in _TIME_COLUMNS
        )
        newest_at: int | None = self._query(f"select max(at) as at from ({times})")[0]["at"]
        return newest_at

    def head(self) -> ChainHead:
        """Return the last link; it stands in a certificate."""
        row = self._query_one("select seq, commitment from chain order by seq desc limit 1")
        return _head(row)

    def _append_linked(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add linked rows within a transaction that the caller holds."""
        head, links, linked = self.head(), [], []
        for row in rows:
            head, linked_row = next_link(head, table, row)
            links.append({"seq": head.seq, "what": table, "commitment": head.commitment})
            linked.append(linked_row)
        self._insert("chain", links)
        self._insert(table, linked)
        self._pending_head = head

    def _after_commit(self) -> None:
        # after the commit: a head that lags is a start of the chain, one ahead would accuse it
        if self._pending_head and self._head_file and self._writes_head:
            write_head(self._head_file, self._pending_head)
        self._pending_head = None

    def broken_links(self) -> list[str]:
        """Name every row that is not what was written, and every row that is gone."""
        rows = {row["seq"]: row for row in self._linked_rows()}
        broken, missing, last = [], 0, ChainHead()
        for link_row in self._query("select seq, what, commitment from chain order by seq"):
            row = rows.pop(link_row["seq"], None)
            missing += row is None
            if link_row["seq"] != last.seq + 1:
                broken.append(f"links {last.seq + 1} to {link_row['seq'] - 1} are gone")
            elif row is not None and not _link_matches(last, link_row, row):
                broken.append(f"row {link_row['seq']} ({link_row['what']}) was changed")
            last = ChainHead(link_row["seq"], link_row["commitment"])
        broken += [f"row {seq} ({row['what']}) was slipped in" for seq, row in rows.items()]
        return broken + self._unaccounted_rows(missing) + self._head_mismatch()

    def _linked_rows(self) -> Iterator[DbRow]:
        for table in CHAINED_TABLES:
            for row in self._query(f"select * from [{table}]"):
                yield {"what": table, **row}

    def _unaccounted_rows(self, missing: int) -> list[str]:
        withdrawn = self._query("select coalesce(sum(links), 0) as n from withdrawals")[0]["n"]
        if missing == withdrawn:
            return []
        return [f"{missing} rows are gone, but withdrawals account for {withdrawn}"]

    def _head_mismatch(self) -> list[str]:
        """Say whether the chain still runs through the head that was noted outside the store."""
        if self._head_file is None:
            return []
        noted_head = read_head(self._head_file)  # first, for the chain may grow meanwhile
        if noted_head is None:
            return [f"{self._head_file.name} is missing or unreadable"]
        stored = self._query_one("select seq, commitment from chain where seq = ?", noted_head.seq)
        if noted_head == _head(stored):
            return []
        return [f"the end of the chain does not agree with {self._head_file.name}"]


def _head(row: DbRow | None) -> ChainHead:
    return ChainHead(seq=row["seq"], commitment=row["commitment"]) if row else ChainHead()


def _link_matches(previous: ChainHead, link_row: DbRow, row: DbRow) -> bool:
    columns = {name: value for name, value in row.items() if name != "what"}
    expected = row_commitment(previous.commitment, row["salt"], row["what"], columns)
    return bool(link_row["what"] == row["what"] and link_row["commitment"] == expected)
