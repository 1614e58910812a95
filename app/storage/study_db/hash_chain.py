"""A database whose rows are linked: appending, and finding what was changed behind its back."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any

from app.storage.study_db.database import Database, Row, now_ms
from app.storage.study_db.migrations import CHAINED
from app.storage.study_db.row_codec import canonical

START = "0" * 64
UNCOMMITTED = ("seq", "salt")


@dataclass(frozen=True, slots=True)
class Head:
    """The last link."""

    seq: int = 0
    commitment: str = START


def commitment(previous: str, salt: str, table: str, row: Mapping[str, Any]) -> str:
    """Return the link, in hex. An empty column says nothing: a later one leaves old links as is."""
    said = {k: v for k, v in row.items() if v is not None and k not in UNCOMMITTED}
    return sha256(f"{previous}{salt}{canonical([table, said])}".encode()).hexdigest()


def link(head: Head, table: str, row: Mapping[str, Any]) -> tuple[Head, dict[str, Any]]:
    """Return the new head and the row with its `seq` and salt."""
    salt = token_hex(16)
    new = Head(head.seq + 1, commitment(head.commitment, salt, table, row))
    return new, {"seq": new.seq, "salt": salt, **row}


def write_head(path: Path, head: Head) -> None:
    """Write the head in place: always one line of one length, so never half a line."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(handle, f"{head.seq:020d} {head.commitment}\n".encode(), 0)
    finally:
        os.close(handle)


def read_head(path: Path) -> Head | None:
    """Return the head in the file; None where there is none that can be read."""
    with suppress(OSError, ValueError):
        seq, said = path.read_text(encoding="ascii").split()
        return Head(int(seq), said)
    return None


_TIMES = (
    ("studies", "opened_at"), ("decks", "dealt_at"), ("swipes", "received_at"),
    ("closings", "closed_at"), ("consents", "at"), ("jobs", "started_at"), ("events_log", "at"),
)  # fmt: skip


class Ledger(Database):
    """Adds linked rows and checks the links."""

    def __init__(self, path: Path | None = None, clock: Callable[[], int] = now_ms) -> None:
        self._grown: Head | None = None
        self._head_file = None if path is None else path.with_name("chain.head")
        super().__init__(path, clock)
        if self._head_file and not self._head_file.exists() and self.head() == Head():
            write_head(self._head_file, Head())
        self._notes_heads = not self._cut()  # a head that accuses the store stays as it is

    def newest(self) -> int | None:
        """Return when the newest row was written, in milliseconds; None where there is none."""
        times = " union all ".join(f"select max([{at}]) as at from [{of}]" for of, at in _TIMES)
        found: int | None = self._rows(f"select max(at) as at from ({times})")[0]["at"]
        return found

    def head(self) -> Head:
        """Return the last link; it stands in a certificate."""
        row = self._one("select seq, commitment from chain order by seq desc limit 1")
        return _head(row)

    def _append(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add linked rows within a transaction that the caller holds."""
        head, links, linked = self.head(), [], []
        for row in rows:
            head, full = link(head, table, row)
            links.append({"seq": head.seq, "what": table, "commitment": head.commitment})
            linked.append(full)
        self._insert("chain", links)
        self._insert(table, linked)
        self._grown = head

    def _committed(self) -> None:
        # after the commit: a head that lags is a start of the chain, one ahead would accuse it
        if self._grown and self._head_file and self._notes_heads:
            write_head(self._head_file, self._grown)
        self._grown = None

    def broken_links(self) -> list[str]:
        """Name every row that is not what was written, and every row that is gone."""
        rows = {row["seq"]: row for row in self._linked_rows()}
        broken, gone, last = [], 0, Head()
        for known in self._rows("select seq, what, commitment from chain order by seq"):
            row = rows.pop(known["seq"], None)
            gone += row is None
            if known["seq"] != last.seq + 1:
                broken.append(f"links {last.seq + 1} to {known['seq'] - 1} are gone")
            elif row is not None and not _holds(last, known, row):
                broken.append(f"row {known['seq']} ({known['what']}) was changed")
            last = Head(known["seq"], known["commitment"])
        broken += [f"row {seq} ({row['what']}) was slipped in" for seq, row in rows.items()]
        return broken + self._unaccounted(gone) + self._cut()

    def _linked_rows(self) -> Iterator[Row]:
        for table in CHAINED:
            for row in self._rows(f"select * from [{table}]"):
                yield {"what": table, **row}

    def _unaccounted(self, gone: int) -> list[str]:
        known = self._rows("select coalesce(sum(links), 0) as n from withdrawals")[0]["n"]
        if gone == known:
            return []
        return [f"{gone} rows are gone, but withdrawals account for {known}"]

    def _cut(self) -> list[str]:
        """Say whether the chain still runs through the head that was noted outside the store."""
        if self._head_file is None:
            return []
        noted = read_head(self._head_file)  # first, for the chain may grow meanwhile
        if noted is None:
            return [f"{self._head_file.name} is missing or unreadable"]
        kept = self._one("select seq, commitment from chain where seq = ?", noted.seq)
        if noted == _head(kept):
            return []
        return [f"the end of the chain does not agree with {self._head_file.name}"]


def _head(row: Row | None) -> Head:
    return Head(seq=row["seq"], commitment=row["commitment"]) if row else Head()


def _holds(previous: Head, known: Row, row: Row) -> bool:
    said = {name: value for name, value in row.items() if name != "what"}
    made = commitment(previous.commitment, row["salt"], row["what"], said)
    return bool(known["what"] == row["what"] and known["commitment"] == made)
