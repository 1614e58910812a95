"""The link table: which employee is which customer of the shop. A file of its own, never study.db.

An employee is a badge (HMAC of her login under the link key), which no row of the study holds.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from app.storage.study_db.database import Database, DbRow
from app.storage.study_db.migrations import account_migrations
from recsys.errors import NotAllowedError

NONCE_MS = 3_600_000  # as long as it takes to log in at the shop


class LinkMethod(StrEnum):
    """How an account was linked."""

    TABLE = "table"  # the shop handed over a list
    PAGE = "page"  # she did it on the shop's account page


@dataclass(frozen=True, slots=True)
class LinkTableImport:
    """What an import of the shop's table did."""

    linked: int
    skipped: int  # linked by her on the shop's page, to something else


class AccountLinks(Database):
    """Links and nonces. Without a path it lives in memory."""

    migration_set = account_migrations

    def customer_of(self, badges: Iterable[str]) -> str | None:
        """Return the customer linked to the first badge that is linked."""
        for badge in badges:
            row = self._query_one("select customer from links where badge = ?", badge)
            if row is not None:
                return str(row["customer"])
        return None

    def is_linked(self, customer: str) -> bool:
        """Return whether a customer is an employee that is linked."""
        return self._query_one("select 1 from links where customer = ?", customer) is not None

    def link_of(self, customer: str) -> tuple[LinkMethod, int] | None:
        """Return how a customer was linked and when (milliseconds since 1970), or None."""
        row = self._query_one("select way, linked_at from links where customer = ?", customer)
        return None if row is None else (LinkMethod(row["way"]), int(row["linked_at"]))

    def counts_by_method(self) -> dict[LinkMethod, int]:
        """Return how many accounts are linked, by way."""
        rows = self._query("select way, count(*) as n from links group by way")
        return {LinkMethod(row["way"]): int(row["n"]) for row in rows}

    def issue_nonce(self, badge: str) -> str:
        """Return a nonce that this employee alone can use, once, within an hour."""
        nonce = secrets.token_urlsafe(24)
        row = {"hash": _nonce_hash(nonce), "badge": badge, "expires_at": self.clock() + NONCE_MS}
        with self._transaction():
            self._db.execute("delete from nonces where expires_at <= ?", [self.clock()])
            self._insert("nonces", [row])
        return nonce

    def link(self, badge: str, nonce: str, customer: str) -> None:
        """Link a customer to the employee to whom the nonce was issued; the nonce is then spent.

        Raises NotAllowedError for a nonce that is spent, too old or another's, and for an account
        or an employee that is linked already.
        """
        with self._transaction():
            issued = self._query_one("select * from nonces where hash = ?", _nonce_hash(nonce))
            self._db.execute("delete from nonces where hash = ?", [_nonce_hash(nonce)])
            refusal = self._link_refusal(issued, badge, customer)
            if refusal is None:
                self._add_links(LinkMethod.PAGE, {badge: customer})
        if refusal is not None:
            raise NotAllowedError(refusal)

    def _link_refusal(self, issued: DbRow | None, badge: str, customer: str) -> str | None:
        if issued is None or issued["expires_at"] <= self.clock():
            return "This link was used already, or is too old: link your account again."
        if issued["badge"] != badge:
            return "This link was made for somebody else: link your account from your own page."
        if self.customer_of([badge]) is not None:
            return "A shop account is linked to you already: take that link out first."
        if self.is_linked(customer):
            return (
                "This shop account is linked to somebody else: ask whoever runs Brandswipe, if it "
                "is yours."
            )
        return None

    def replace_table(self, links: Mapping[str, str]) -> LinkTableImport:
        """Put the shop's table in place of its earlier one; what people linked themselves stays."""
        with self._transaction():
            self._db.execute("delete from links where way = ?", [LinkMethod.TABLE])
            own_links = self._query("select badge, customer from links")
            badges = {row["badge"] for row in own_links}
            customers = {row["customer"] for row in own_links}
            new_links = {b: c for b, c in links.items() if b not in badges and c not in customers}
            self._add_links(LinkMethod.TABLE, new_links)
        return LinkTableImport(len(new_links), len(links) - len(new_links))

    def unlink(self, badge: str) -> bool:
        """Take a link out; return whether there was one."""
        return self._delete("delete from links where badge = ?", badge)

    def unlink_customer(self, customer: str) -> bool:
        """Take the link of a customer out; return whether there was one."""
        return self._delete("delete from links where customer = ?", customer)

    def unlink_all(self) -> bool:
        """Take every link and every nonce out: under another key none of them is anybody's."""
        return self._delete("delete from links") | self._delete("delete from nonces")

    def _delete(self, sql: str, *values: object) -> bool:
        with self._transaction():
            deleted = self._db.execute(sql, values).rowcount
        self._query("pragma wal_checkpoint(truncate)")
        return bool(deleted)

    def _add_links(self, method: LinkMethod, links: Mapping[str, str]) -> None:
        now = self.clock()
        rows = ({"badge": b, "customer": c, "way": method.value} for b, c in links.items())
        self._insert("links", [row | {"linked_at": now} for row in rows])


def _nonce_hash(nonce: str) -> str:
    return sha256(nonce.encode()).hexdigest()
