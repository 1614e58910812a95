"""A database with a hash chain over its rows: appends rows and detects changed or deleted rows."""

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
    """The last link of the chain."""

    seq: int = 0
    commitment: str = CHAIN_START


def row_commitment(previous: str, salt: str, table: str, row: Mapping[str, Any]) -> str:
    """Return a row's commitment: SHA-256 over the previous one, salt, table and row, in hex.

    Leaves out NULL columns, so that a column added later does not change old commitments.
    """
    columns = {k: v for k, v in row.items() if v is not None and k not in UNCOMMITTED_COLUMNS}
    return sha256(f"{previous}{salt}{canonical_json([table, columns])}".encode()).hexdigest()


def next_link(
    head: ChainHead, table: str, row: Mapping[str, Any]
) -> tuple[ChainHead, dict[str, Any]]:
    """Return the new head, and the row with `seq` and a new random salt."""
    salt = token_hex(16)
    new = ChainHead(head.seq + 1, row_commitment(head.commitment, salt, table, row))
    return new, {"seq": new.seq, "salt": salt, **row}


def write_head(path: Path, head: ChainHead) -> None:
    """Write the head in place. The line has a fixed length, so the file never has half a line."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(handle, f"{head.seq:020d} {head.commitment}\n".encode(), 0)
    finally:
        os.close(handle)


def read_head(path: Path) -> ChainHead | None:
    """Return the head in the file; None if the file is missing or unreadable."""
    with suppress(OSError, ValueError):
        seq, commitment = path.read_text(encoding="ascii").split()
        return ChainHead(int(seq), commitment)
    return None


_TIME_COLUMNS = (
    ("studies", "opened_at"), ("decks", "dealt_at"), ("swipes", "received_at"),
    ("closings", "closed_at"), ("consents", "at"), ("jobs", "started_at"), ("events_log", "at"),
)  # fmt: skip


class ChainedDatabase(Database):
    """A database that appends linked rows and checks the links."""

    def __init__(self, path: Path | None = None, clock: Callable[[], int] = now_ms) -> None:
        self._pending_head: ChainHead | None = None
        self._head_file = None if path is None else path.with_name("chain.head")
        super().__init__(path, clock)
        if self._head_file and not self._head_file.exists() and self.head() == ChainHead():
            write_head(self._head_file, ChainHead())
        # a head file that does not match the store is evidence of a change: do not overwrite it
        self._writes_head = not self._head_mismatch()

    def newest_row_at(self) -> int | None:
        """Return the time of the newest row, in milliseconds since 1970; None if there is none."""
        times = " union all ".join(
            f"select max([{at}]) as at from [{of}]" for of, at in _TIME_COLUMNS
        )
        newest_at: int | None = self.query(f"select max(at) as at from ({times})")[0]["at"]
        return newest_at

    def head(self) -> ChainHead:
        """Return the last link, which certificates state; an empty chain gives ChainHead()."""
        row = self.query_one("select seq, commitment from chain order by seq desc limit 1")
        return _head(row)

    def append_linked(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows and their links; the caller must hold a transaction."""
        head, links, linked = self.head(), [], []
        for row in rows:
            head, linked_row = next_link(head, table, row)
            links.append({"seq": head.seq, "what": table, "commitment": head.commitment})
            linked.append(linked_row)
        self.insert("chain", links)
        self.insert(table, linked)
        self._pending_head = head

    def _after_commit(self) -> None:
        # write after the commit: a head that lags still matches the chain, a head that is ahead of
        # the chain would look like deleted rows
        if self._pending_head and self._head_file and self._writes_head:
            write_head(self._head_file, self._pending_head)
        self._pending_head = None

    def _after_rollback(self) -> None:
        self._pending_head = None  # its rows were undone

    def broken_links(self) -> list[str]:
        """Return a message for each changed, inserted or missing row; [] if the chain is intact."""
        rows = {row["seq"]: row for row in self._linked_rows()}
        broken, missing, last = [], 0, ChainHead()
        for link_row in self.query("select seq, what, commitment from chain order by seq"):
            row = rows.pop(link_row["seq"], None)
            missing += row is None
            if link_row["seq"] != last.seq + 1:
                broken.append(f"links {last.seq + 1} to {link_row['seq'] - 1} are gone")
            elif row is not None and not _link_matches(last, link_row, row):
                broken.append(f"row {link_row['seq']} ({link_row['what']}) was changed")
            last = ChainHead(link_row["seq"], link_row["commitment"])
        broken += [f"row {seq} ({row['what']}) was inserted later" for seq, row in rows.items()]
        return broken + self._unaccounted_rows(missing) + self._head_mismatch()

    def _linked_rows(self) -> Iterator[DbRow]:
        for table in CHAINED_TABLES:
            for row in self.query(f"select * from [{table}]"):
                yield {"what": table, **row}

    def _unaccounted_rows(self, missing: int) -> list[str]:
        withdrawn = self.query("select coalesce(sum(links), 0) as n from withdrawals")[0]["n"]
        if missing == withdrawn:
            return []
        return [f"{missing} rows are gone, but withdrawals account for {withdrawn}"]

    def _head_mismatch(self) -> list[str]:
        """Return a message if the chain does not contain the head in the head file, else []."""
        if self._head_file is None:
            return []
        noted_head = read_head(self._head_file)  # read first: the chain may grow meanwhile
        if noted_head is None:
            return [f"{self._head_file.name} is missing or unreadable"]
        stored = self.query_one("select seq, commitment from chain where seq = ?", noted_head.seq)
        if noted_head == _head(stored):
            return []
        return [f"the end of the chain does not agree with {self._head_file.name}"]


def _head(row: DbRow | None) -> ChainHead:
    return ChainHead(seq=row["seq"], commitment=row["commitment"]) if row else ChainHead()


def _link_matches(previous: ChainHead, link_row: DbRow, row: DbRow) -> bool:
    columns = {name: value for name, value in row.items() if name != "what"}
    expected = row_commitment(previous.commitment, row["salt"], row["what"], columns)
    return bool(link_row["what"] == row["what"] and link_row["commitment"] == expected)
