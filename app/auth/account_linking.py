"""Links employees to shop customers, by a CSV table or a statement that the shop signs."""

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
from app.storage.study_db.account_links import AccountLinks
from recsys.errors import BadInputError, NotAllowedError

if TYPE_CHECKING:
    import _csv

LINK_TABLE_COLUMNS = ("employee", "customer_id")
MAX_PENDING = 1000  # statements in memory at a time; the oldest is dropped first
_BADGE = re.compile(r"[0-9a-f]{64}")  # HMAC-SHA256 in hex, see app.auth.identity.badge


@dataclass(frozen=True, slots=True)
class ShopStatement:
    """A claim signed by the shop's account page: this customer pressed its button for a nonce."""

    customer: str
    nonce: str
    expires_at: float  # seconds since 1970

    def __repr__(self) -> str:
        """Return a constant text, so that no customer id reaches a log."""
        return "Note(...)"


class ShopStatements:
    """Statements that a browser posted, kept in memory until its page collects them.

    Only this browser gets the handle of its statement. The page's URL has the handle, so that
    neither the statement nor its customer id is in a URL. Nothing is written to disk.
    """

    def __init__(
        self,
        link_key: bytes,
        clock: Callable[[], float] = time.time,
        max_pending: int = MAX_PENDING,
    ) -> None:
        self._key = link_key
        self._clock = clock
        self._max_pending = max_pending
        self._lock = threading.Lock()
        self._pending: dict[str, ShopStatement] = {}

    def receive(self, token: str) -> str:
        """Verify a statement and return its handle. Raises NotAllowedError if it is not valid."""
        from app.auth.jwt import (  # imported late: it needs the packages of the extra `auth`
            SHOP_TOKEN_SECONDS,
            verify_shop_token,
        )

        now = self._clock()
        statement = ShopStatement(
            *verify_shop_token(self._key, token, now), expires_at=now + SHOP_TOKEN_SECONDS
        )
        handle = secrets.token_urlsafe(24)
        with self._lock:
            pending = {h: n for h, n in self._pending.items() if n.expires_at > now}
            self._pending = dict(list(pending.items())[1 - self._max_pending :]) | {
                handle: statement
            }
        return handle

    def collect(self, handle: str) -> ShopStatement:
        """Remove and return a handle's statement. Raises NotAllowedError if used or expired."""
        with self._lock:
            statement = self._pending.pop(handle, None)
        if statement is None or statement.expires_at <= self._clock():
            raise NotAllowedError(
                "This link was used already, or is too old: link your account again."
            )
        return statement


def link_url(account_links: AccountLinks, person: Person, shop_page: str) -> str:
    """Return the URL of the shop's account page, with a nonce that only this employee can use."""
    separator = "&" if "?" in shop_page else "?"
    nonce = account_links.issue_nonce(_require_badge(person))
    return f"{shop_page}{separator}{urlencode({'nonce': nonce})}"


def link_account(account_links: AccountLinks, person: Person, statement: ShopStatement) -> None:
    """Link a person to the statement's customer. Raises NotAllowedError like AccountLinks.link."""
    account_links.link(_require_badge(person), statement.nonce, statement.customer)


def _require_badge(person: Person) -> str:
    if person.badge is None:
        raise NotAllowedError("A guest has no shop account here: log in first.")
    return person.badge


def read_link_table(path: Path) -> dict[str, str]:
    """Return the shop's link table as badge -> customer id.

    The file is CSV in UTF-8 with the columns LINK_TABLE_COLUMNS. Raises BadInputError, which names
    line numbers but never an id.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _parse_links(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "it is no CSV in UTF-8"
        raise BadInputError(f"{path} cannot be read ({reason}): give another file.") from None


def _parse_links(lines: "_csv.Reader") -> dict[str, str]:
    if tuple(name.strip() for name in next(lines, [])) != LINK_TABLE_COLUMNS:
        raise BadInputError(f"The first line of the table must be {','.join(LINK_TABLE_COLUMNS)}.")
    links: dict[str, str] = {}
    badges: dict[str, int] = {}
    customers: dict[str, int] = {}
    for row in lines:
        if not row:
            continue
        badge, customer = _parse_row(row, lines.line_num)
        _reject_duplicate(badges, badge, lines.line_num, "the same employee")
        _reject_duplicate(customers, customer, lines.line_num, "the same customer")
        links[badge] = customer
    return links


def _parse_row(row: list[str], line: int) -> tuple[str, str]:
    badge, customer = (*(part.strip() for part in row), "", "")[:2]
    if len(row) != len(LINK_TABLE_COLUMNS) or not _BADGE.fullmatch(badge) or not customer:
        raise BadInputError(
            f"Line {line} of the table is not a line with an employee and a customer: "
            "write the 64 hexadecimal digits of the digest, a comma, and the customer's id."
        )
    return badge, customer


def _reject_duplicate(line_of: dict[str, int], value: str, line: int, description: str) -> None:
    if value in line_of:
        raise BadInputError(
            f"Lines {line_of[value]} and {line} of the table name {description}: keep one of them."
        )
    line_of[value] = line
