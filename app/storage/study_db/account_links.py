"""The table that links employees to customers of the shop, in a file separate from study.db.

An employee is identified by a badge (HMAC of the login under the link key). No study row has it.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from app.storage.study_db.database import Database, DbRow, now_ms
from app.storage.study_db.migrations import account_migrations
from recsys.errors import NotAllowedError

NONCE_MS = 3_600_000  # one hour: enough time to log in at the shop


class LinkMethod(StrEnum):
    """The way in which an account was linked."""

    TABLE = "table"  # the shop provided a list
    PAGE = "page"  # the employee did it on the shop's account page


@dataclass(frozen=True, slots=True)
class LinkTableImport:
    """Counts of an import of the shop's table."""

    linked: int
    skipped: int  # badge or customer is linked already on the shop's page


class AccountLinks:
    """The database of links and nonces; in memory if no path is given."""

    def __init__(self, path: Path | None = None, clock: Callable[[], int] = now_ms) -> None:
        self.db = Database(path, clock, account_migrations)

    def close(self) -> None:
        """Close the file; everything written is already safe."""
        self.db.close()

    def customer_of(self, badges: Iterable[str]) -> str | None:
        """Return the customer of the first linked badge, or None if no badge is linked."""
        for badge in badges:
            row = self.db.query_one("select customer from links where badge = ?", badge)
            if row is not None:
                return str(row["customer"])
        return None

    def is_linked(self, customer: str) -> bool:
        """Return whether a customer is linked to an employee."""
        return self.db.query_one("select 1 from links where customer = ?", customer) is not None

    def link_of(self, customer: str) -> tuple[LinkMethod, int] | None:
        """Return a customer's link method and time (milliseconds since 1970), or None."""
        row = self.db.query_one("select way, linked_at from links where customer = ?", customer)
        return None if row is None else (LinkMethod(row["way"]), int(row["linked_at"]))

    def counts_by_method(self) -> dict[LinkMethod, int]:
        """Return the number of linked accounts by link method."""
        rows = self.db.query("select way, count(*) as n from links group by way")
        return {LinkMethod(row["way"]): int(row["n"]) for row in rows}

    def issue_nonce(self, badge: str) -> str:
        """Return a new nonce; only this employee can use it, once, within an hour."""
        nonce = secrets.token_urlsafe(24)
        row = {"hash": _nonce_hash(nonce), "badge": badge, "expires_at": self.db.clock() + NONCE_MS}
        with self.db.transaction():
            self.db.execute("delete from nonces where expires_at <= ?", [self.db.clock()])
            self.db.insert("nonces", [row])
        return nonce

    def link(self, badge: str, nonce: str, customer: str) -> None:
        """Link a customer to the employee of the nonce, and delete the nonce.

        Raises NotAllowedError if the nonce is used, expired or another employee's, or if the
        customer or the employee is linked already.
        """
        with self.db.transaction():
            issued = self.db.query_one("select * from nonces where hash = ?", _nonce_hash(nonce))
            self.db.execute("delete from nonces where hash = ?", [_nonce_hash(nonce)])
            refusal = self._link_refusal(issued, badge, customer)
            if refusal is None:
                self._add_links(LinkMethod.PAGE, {badge: customer})
        if refusal is not None:
            raise NotAllowedError(refusal)

    def _link_refusal(self, issued: DbRow | None, badge: str, customer: str) -> str | None:
        if issued is None or issued["expires_at"] <= self.db.clock():
            return "This link was used already, or is too old: link your account again."
        if issued["badge"] != badge:
            return "This link was made for somebody else: link your account from your own page."
        if self.customer_of([badge]) is not None:
            return "A shop account is linked to you already: remove that link first."
        if self.is_linked(customer):
            return (
                "This shop account is linked to somebody else: ask whoever runs Brandswipe, if it "
                "is yours."
            )
        return None

    def replace_table(self, links: Mapping[str, str]) -> LinkTableImport:
        """Replace the links of the shop's table; links made by employees themselves stay."""
        with self.db.transaction():
            self.db.execute("delete from links where way = ?", [LinkMethod.TABLE])
            own_links = self.db.query("select badge, customer from links")
            badges = {row["badge"] for row in own_links}
            customers = {row["customer"] for row in own_links}
            new_links = {b: c for b, c in links.items() if b not in badges and c not in customers}
            self._add_links(LinkMethod.TABLE, new_links)
        return LinkTableImport(len(new_links), len(links) - len(new_links))

    def unlink(self, badge: str) -> bool:
        """Delete the link of a badge; return whether there was one."""
        return self._delete("delete from links where badge = ?", badge)

    def unlink_customer(self, customer: str) -> bool:
        """Delete the link of a customer; return whether there was one."""
        return self._delete("delete from links where customer = ?", customer)

    def unlink_all(self) -> bool:
        """Delete all links and nonces: under another link key no badge matches them.

        Return whether there were any.
        """
        return self._delete("delete from links") | self._delete("delete from nonces")

    def _delete(self, sql: str, *values: object) -> bool:
        with self.db.transaction():
            deleted = self.db.execute(sql, values)
        self.db.query("pragma wal_checkpoint(truncate)")
        return bool(deleted)

    def _add_links(self, method: LinkMethod, links: Mapping[str, str]) -> None:
        now = self.db.clock()
        rows = ({"badge": b, "customer": c, "way": method.value} for b, c in links.items())
        self.db.insert("links", [row | {"linked_at": now} for row in rows])


def _nonce_hash(nonce: str) -> str:
    return sha256(nonce.encode()).hexdigest()
