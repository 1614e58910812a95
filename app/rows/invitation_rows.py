"""Who is invited to a study, and the coffee codes for who finishes a deck."""

from collections.abc import Iterable, Iterator
from hashlib import sha256

from app.rows.database import Row
from app.rows.ledger import Ledger
from recsys.errors import BadInputError


def mark(study: str, pseudonym: str) -> str:
    """Return what stands for an invited person: of one study alone, and no pseudonym."""
    return sha256(f"invited {study} {pseudonym}".encode()).hexdigest()


def list_hash(marks: Iterable[str]) -> str:
    """Return the hash of an invitation list, whatever its order."""
    return sha256("\n".join(sorted(marks)).encode()).hexdigest()


class InvitationRows(Ledger):
    """One list a study, written down before the first card; without one everybody may play."""

    def invite(self, study: str, pseudonyms: Iterable[str], codes: Iterable[str] = ()) -> str:
        """Write the list of a study down and return its hash.

        The same list again changes nothing. Raises BadInputError for another one, and for a list
        that comes after the first deck.
        """
        marks = {mark(study, who) for who in pseudonyms}
        hash = list_hash(marks)
        row: Row = {"study": study, "hash": hash, "people": len(marks), "at": self.clock()}
        with self._writing():
            known = self._one("select hash from invitations where study = ?", study)
            self._check(study, hash, known)
            if known is None:
                self._append("invitations", [row])
                self._insert("invited", [{"study": study, "mark": each} for each in sorted(marks)])
            said = [{"study": study, "code": code} for code in codes]
            self._insert("coffee_codes", said, ignore=True)
        return hash

    def _check(self, study: str, hash: str, known: Row | None) -> None:
        if known is not None and known["hash"] != hash:
            raise BadInputError(
                "Another list was invited to this study: open a new study for this one."
            )
        if known is None and self._one("select 1 from decks where study = ?", study):
            raise BadInputError(
                "Somebody has a deck of this study already: open a new study, and invite before "
                "the first card."
            )

    def invited(self, study: str) -> int | None:
        """Return how many people are invited; None where there is no list."""
        row = self._one("select people from invitations where study = ?", study)
        return None if row is None else int(row["people"])

    def is_invited(self, study: str, pseudonym: str) -> bool | None:
        """Return whether somebody is on the list; None where there is none: everybody may play."""
        if self.invited(study) is None:
            return None
        sql = "select 1 from invited where study = ? and mark = ?"
        return self._one(sql, study, mark(study, pseudonym)) is not None

    def agreed(self, study: str, until: int) -> int:
        """Return how many of the invited had said yes by then, as their last word."""
        sql = (
            "select pseudonym, yes, max(id) from consents where at <= ? group by pseudonym "
            "having yes = 1"
        )
        marks = {mark(study, row["pseudonym"]) for row in self._rows(sql, until)}
        listed = self._rows("select mark from invited where study = ?", study)
        return len(marks.intersection(row["mark"] for row in listed))

    def invitations_hash(self, study: str) -> str | None:
        """Return the hash that stands for the list; None where there is none."""
        row = self._one("select hash from invitations where study = ?", study)
        return None if row is None else str(row["hash"])

    def take_coffee_code(self, study: str) -> str | None:
        """Give out a code and forget it: whoever finished a deck gets one, whatever she said.

        Nothing says to whom it went. None where no code is left.
        """
        with self._writing():
            row = self._one("select id, code from coffee_codes where study = ? limit 1", study)
            if row is None:
                return None
            self._db.execute("delete from coffee_codes where id = ?", [row["id"]])
        return str(row["code"])

    def _invitations_that_differ(self) -> Iterator[str]:
        for row in self._rows(
            "select i.*, s.name from invitations i join studies s on s.hash = i.study"
        ):
            marks = [
                r["mark"]
                for r in self._rows("select mark from invited where study = ?", row["study"])
            ]
            if (list_hash(marks), len(marks)) != (row["hash"], row["people"]):
                yield f"study {row['name']}: invitations differ"
