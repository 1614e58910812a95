"""Participants by pseudonym: what they agreed to, and forgetting them."""

from app.storage.study_db.hash_chain import Ledger
from app.storage.study_db.records import Consent, Forgotten, Gone, mark
from app.storage.study_db.row_codec import canonical

_HER_SWIPES = "deck in (select id from decks where participant = ?)"
_TO_GO = """
select study, count(*) as decks, count(*) + (select count(*) from swipes s
    join decks d on d.id = s.deck where d.participant = ?1 and d.study = o.study) as links
from decks o where participant = ?1 group by study"""
_COUNTED = """
select distinct c.study from decks d join closings c on c.deck = d.id
join scores s on s.study = c.study and s.number = c.number
where d.participant = ? and coalesce(s.why_not, 'too_few') in ('too_few', 'too_fast')
and c.study not in (select study from study_closings)"""
_IDLE = """
select who from (
    select pseudonym as who, first_seen as at from participants
    union all select pseudonym, at from consents
    union all select participant, dealt_at from decks
    union all select d.participant, s.received_at from swipes s join decks d on d.id = s.deck
) where who not in (select participant from decks where origin = 'simulated')
group by who having max(at) < ? order by who"""
_CONSENTING = """
select coalesce(sum(yes), 0) as yes, coalesce(sum(1 - yes), 0) as no from consents
where text_version = ? and id in (select max(id) from consents group by pseudonym)"""


class PeopleRows(Ledger):
    """No name, address or customer id reaches these tables."""

    def _meet(self, pseudonym: str) -> None:
        """Note that this participant exists, within a transaction that the caller holds."""
        row = {"pseudonym": pseudonym, "first_seen": self.clock()}
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

    def forget(self, pseudonym: str, why: Gone = Gone.ASKED) -> Forgotten:
        """Erase all rows of a participant.

        Of her closed decks the scores stay, without person, time or brand: a verdict remains
        recomputable, and a score withdrawn by choice would bias the test. Until a study closes, a
        mark says that she had her turn in it: else she could come back and count twice.
        """
        with self._writing():
            played = self._rows(_COUNTED, pseudonym)
            marks = [{"study": r["study"], "mark": mark(r["study"], pseudonym)} for r in played]
            self._insert("counted", marks, ignore=True)
            studies = self._rows(_TO_GO, pseudonym)
            said = None if why is Gone.ASKED else why.value
            self._insert("withdrawals", [row | {"why": said} for row in studies])
            for table in ("swipes", "refusals", "closings"):
                self._db.execute(f"delete from [{table}] where {_HER_SWIPES}", [pseudonym])
            self._db.execute("delete from decks where participant = ?", [pseudonym])
            for row in self._rows("select hash from studies"):
                hers = [mark(row["hash"], pseudonym)]
                for table in ("steps", "invited_columns"):
                    self._db.execute(f"delete from [{table}] where mark = ?", hers)
            for table in ("consents", "participants"):
                self._db.execute(f"delete from [{table}] where pseudonym = ?", [pseudonym])
        self._empty_log()
        decks = sum(row["decks"] for row in studies)
        return Forgotten(decks, sum(row["links"] for row in studies) - decks)

    def has_counted(self, study: str, pseudonym: str) -> bool:
        """Return whether somebody had her turn in an open study before she was forgotten."""
        sql = "select 1 from counted where study = ? and mark = ?"
        return self._one(sql, study, mark(study, pseudonym)) is not None

    def withdrawn(self, study: str) -> int:
        """Return how many decks of a study were withdrawn by whoever had played them."""
        sql = "select coalesce(sum(decks), 0) as n from withdrawals where study = ? and why is null"
        return int(self._rows(sql, study)[0]["n"])

    def idle_since(self, moment: int) -> list[str]:
        """Return the participants of whom the last trace is older; the simulated are nobody."""
        return [str(row["who"]) for row in self._rows(_IDLE, moment)]

    def consenting(self, text_version: str) -> tuple[int, int]:
        """Return how many people's last word is a yes to this wording, and how many a no."""
        (row,) = self._rows(_CONSENTING, text_version)
        return int(row["yes"]), int(row["no"])

    def drop_log(self, moment: int) -> int:
        """Erase what was noted before this moment; return how many lines went."""
        with self._writing():
            gone = self._db.execute("delete from events_log where at < ?", [moment]).rowcount
        return int(gone)

    def log(self, what: str, **detail: str | int | float | bool | None) -> None:
        """Note that something happened. Never pass a name, pseudonym, customer or brand."""
        row = {"at": self.clock(), "what": what, "detail": canonical(detail)}
        with self._writing():
            self._insert("events_log", [row])

    def _empty_log(self) -> None:
        """Take erased pages out of the write-ahead log too."""
        self._rows("pragma wal_checkpoint(truncate)")
