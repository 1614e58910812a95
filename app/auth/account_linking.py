"""Which customer is she? The shop's table says so, or a note that its own account page signs."""

import csv
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from app.auth.identity import Person
from app.storage.study_db.account_links import Accounts
from recsys.errors import BadInputError, NotAllowedError

if TYPE_CHECKING:
    import _csv

COLUMNS = ("employee", "customer_id")
WAITING = 1000  # notes that wait for their page at a time
_BADGE = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Note:
    """What the shop's account page signed: this customer pressed its button, for this nonce."""

    customer: str
    nonce: str
    until: float  # seconds since 1970

    def __repr__(self) -> str:
        """Say nothing: a customer must not reach a log."""
        return "Note(...)"


class Notes:
    """Notes that a browser brought, each until its page collects it; nothing is on disk.

    Between the two stands a handle that this browser alone was given: the note itself, and the
    customer in it, is in no address.
    """

    def __init__(self, link_key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._key = link_key
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[str, Note] = {}

    def receive(self, token: str) -> str:
        """Return the handle of a note. Raises NotAllowedError where the shop did not sign it."""
        from app.auth.jwt import LINK_SECONDS, of_shop  # here: it needs the packages of the login

        now = self._clock()
        note = Note(*of_shop(self._key, token, now), until=now + LINK_SECONDS)
        handle = secrets.token_urlsafe(24)
        with self._lock:
            known = {h: n for h, n in self._waiting.items() if n.until > now}
            self._waiting = dict(list(known.items())[1 - WAITING :]) | {handle: note}
        return handle

    def collect(self, handle: str) -> Note:
        """Return the note of a handle, once. Raises NotAllowedError where there is none."""
        with self._lock:
            note = self._waiting.pop(handle, None)
        if note is None or note.until <= self._clock():
            raise NotAllowedError(
                "This link was used already, or is too old: link your account again."
            )
        return note


def link_address(accounts: Accounts, person: Person, shop_page: str) -> str:
    """Return the address of the shop's page for this employee, with a nonce of hers."""
    mark = "&" if "?" in shop_page else "?"
    return f"{shop_page}{mark}{urlencode({'nonce': accounts.issue(_badge(person))})}"


def link(accounts: Accounts, person: Person, note: Note) -> None:
    """Link the customer of a note to whoever brought it. Raises NotAllowedError as rows do."""
    accounts.link(_badge(person), note.nonce, note.customer)


def _badge(person: Person) -> str:
    if person.badge is None:
        raise NotAllowedError("A guest has no shop account here: log in first.")
    return person.badge


def read_table(path: Path) -> dict[str, str]:
    """Return the shop's table as badge -> customer.

    A CSV file of the columns in COLUMNS. Raises BadInputError that names lines and never an id.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _links(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or "it is no CSV in UTF-8"
        raise BadInputError(f"{path} cannot be read ({why}): give another file.") from None


def _links(lines: "_csv.Reader") -> dict[str, str]:
    if tuple(name.strip() for name in next(lines, [])) != COLUMNS:
        raise BadInputError(f"The first line of the table must be {','.join(COLUMNS)}.")
    links: dict[str, str] = {}
    badges: dict[str, int] = {}
    customers: dict[str, int] = {}
    for row in lines:
        if not row:
            continue
        badge, customer = _row(row, lines.line_num)
        _once(badges, badge, lines.line_num, "the same employee")
        _once(customers, customer, lines.line_num, "the same customer")
        links[badge] = customer
    return links


def _row(row: list[str], line: int) -> tuple[str, str]:
    badge, customer = (*(part.strip() for part in row), "", "")[:2]
    if len(row) != len(COLUMNS) or not _BADGE.fullmatch(badge) or not customer:
        raise BadInputError(
            f"Line {line} of the table is no employee and customer: write the 64 hexadecimal "
            "digits of the digest, a comma, and the customer's id."
        )
    return badge, customer


def _once(seen: dict[str, int], what: str, line: int, name: str) -> None:
    if what in seen:
        raise BadInputError(
            f"Lines {seen[what]} and {line} of the table name {name}: keep one of them."
        )
    seen[what] = line
