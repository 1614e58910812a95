"""Links that commit to rows: sha256(previous link, salt, row), and the head kept beside the store.

Whoever edits, inserts or removes a row breaks a link; whoever cuts off the end is told on by the
head in WORKSPACE/chain.head. The salt is erased with its row, so that a link says nothing about a
forgotten answer, of which there are only four.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any

from app.rows.codec import canonical

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
