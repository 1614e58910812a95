"""Participants by pseudonym: what they agreed to, and forgetting them."""

from app.rows.codec import canonical
from app.rows.ledger import Ledger
from app.rows.records import Consent, Forgotten

_HER_SWIPES = "deck in (select id from decks where participant = ?)"


class PeopleRows(Ledger):
    """No name, address or customer id reaches these tables."""

    def meet(self, pseudonym: str) -> None:
        """Note that this participant exists."""
        row = {"pseudonym": pseudonym, "first_seen": self.clock()}
        with self._writing():
            self._insert("participants", [row], ignore=True)

    def consent(self, pseudonym: str, text_version: str, yes: bool) -> None:
        """Note her answer to one version of the consent text; the latest one holds."""
        row = {"pseudonym": pseudonym, "text_version": text_version, "yes": int(yes)}
        with self._writing():
            self._insert("consents", [row | {"at": self.clock()}])

    def consent_of(self, pseudonym: str) -> Consent | None:
        """Return her latest answer, or None where she was never asked."""
        row = self._one(
            "select text_version, yes, at from consents where pseudonym = ? order by id desc",
            pseudonym,
        )
        return None if row is None else Consent(row["text_version"], bool(row["yes"]), row["at"])

    def consents_of(self, pseudonym: str) -> list[Consent]:
        """Return every answer of hers to a consent text, the first first."""
        sql = "select text_version, yes, at from consents where pseudonym = ? order by id"
        return [
            Consent(row["text_version"], bool(row["yes"]), row["at"])
            for row in self._rows(sql, pseudonym)
        ]

    def forget(self, pseudonym: str) -> Forgotten:
        """Erase all rows of a participant.

        Of her closed decks the scores stay, without person, time or brand: a verdict remains
        recomputable, and a score withdrawn by choice would bias the test.
        """
        with self._writing():
            studies = self._rows(
                "select study, count(*) as decks, count(*) + (select count(*) from swipes s "
                "join decks d on d.id = s.deck where d.participant = ?1 and d.study = o.study) "
                "as links from decks o where participant = ?1 group by study",
                pseudonym,
            )
            self._insert("withdrawals", studies)
            for table in ("swipes", "refusals", "closings"):
                self._db.execute(f"delete from [{table}] where {_HER_SWIPES}", [pseudonym])
            self._db.execute("delete from decks where participant = ?", [pseudonym])
            for table in ("consents", "participants"):
                self._db.execute(f"delete from [{table}] where pseudonym = ?", [pseudonym])
        self._empty_log()
        decks = sum(row["decks"] for row in studies)
        return Forgotten(decks, sum(row["links"] for row in studies) - decks)

    def withdrawn(self, study: str) -> int:
        """Return how many decks of a study were withdrawn."""
        sql = "select coalesce(sum(decks), 0) as n from withdrawals where study = ?"
        return int(self._rows(sql, study)[0]["n"])

    def log(self, what: str, **detail: str | int | float | bool | None) -> None:
        """Note that something happened. Never pass a name, pseudonym, customer or brand."""
        row = {"at": self.clock(), "what": what, "detail": canonical(detail)}
        with self._writing():
            self._insert("events_log", [row])

    def _empty_log(self) -> None:
        """Take erased pages out of the write-ahead log too."""
        self._rows("pragma wal_checkpoint(truncate)")
