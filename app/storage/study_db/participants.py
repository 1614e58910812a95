"""Participants by pseudonym: what they agreed to, and forgetting them."""

from app.storage.study_db.hash_chain import ChainedDatabase
from app.storage.study_db.records import Consent, ErasureCounts, ErasureReason, invitation_mark

_PARTICIPANT_SWIPES_SQL = "deck in (select id from decks where participant = ?)"
_WITHDRAWALS_SQL = """
select study, count(*) as decks, count(*) + (select count(*) from swipes s
    join decks d on d.id = s.deck where d.participant = ?1 and d.study = o.study) as links
from decks o where participant = ?1 group by study"""
_COUNTED_SQL = """
select distinct c.study from decks d join closings c on c.deck = d.id
join scores s on s.study = c.study and s.number = c.number
where d.participant = ? and coalesce(s.why_not, 'too_few') in ('too_few', 'too_fast')
and c.study not in (select study from study_closings)"""
_INACTIVE_SQL = """
select who from (
    select pseudonym as who, first_seen as at from participants
    union all select pseudonym, at from consents
    union all select participant, dealt_at from decks
    union all select d.participant, s.received_at from swipes s join decks d on d.id = s.deck
) where who not in (select participant from decks where origin = 'simulated')
group by who having max(at) < ? order by who"""
_CONSENT_COUNTS_SQL = """
select coalesce(sum(yes), 0) as yes, coalesce(sum(1 - yes), 0) as no from consents
where text_version = ? and id in (select max(id) from consents group by pseudonym)"""


class ParticipantTable:
    """No name, address or customer id reaches these tables."""

    def __init__(self, db: ChainedDatabase) -> None:
        self.db = db

    def record_consent(self, pseudonym: str, text_version: str, yes: bool) -> None:
        """Note her answer to one version of the consent text; the latest one holds."""
        row = {"pseudonym": pseudonym, "text_version": text_version, "yes": int(yes)}
        with self.db.transaction():
            self.db.insert("consents", [row | {"at": self.db.clock()}])

    def consent_of(self, pseudonym: str) -> Consent | None:
        """Return her latest answer, or None where she was never asked."""
        row = self.db.query_one(
            "select text_version, yes, at from consents where pseudonym = ? order by id desc",
            pseudonym,
        )
        return None if row is None else Consent(row["text_version"], bool(row["yes"]), row["at"])

    def consents_of(self, pseudonym: str) -> list[Consent]:
        """Return every answer of hers to a consent text, the first first."""
        sql = "select text_version, yes, at from consents where pseudonym = ? order by id"
        return [
            Consent(row["text_version"], bool(row["yes"]), row["at"])
            for row in self.db.query(sql, pseudonym)
        ]

    def forget(
        self, pseudonym: str, reason: ErasureReason = ErasureReason.REQUESTED
    ) -> ErasureCounts:
        """Erase all rows of a participant.

        Of her closed decks the scores stay, without person, time or brand: a verdict remains
        recomputable, and a score withdrawn by choice would bias the test. Until a study closes, a
        mark says that she had her turn in it: else she could come back and count twice.
        """
        with self.db.transaction():
            counted_studies = self.db.query(_COUNTED_SQL, pseudonym)
            marks = [
                {"study": r["study"], "mark": invitation_mark(r["study"], pseudonym)}
                for r in counted_studies
            ]
            self.db.insert("counted", marks, ignore=True)
            studies = self.db.query(_WITHDRAWALS_SQL, pseudonym)
            stored_reason = None if reason is ErasureReason.REQUESTED else reason.value
            self.db.insert("withdrawals", [row | {"why": stored_reason} for row in studies])
            for table in ("swipes", "refusals", "closings"):
                self.db.execute(
                    f"delete from [{table}] where {_PARTICIPANT_SWIPES_SQL}", [pseudonym]
                )
            self.db.execute("delete from decks where participant = ?", [pseudonym])
            for row in self.db.query("select hash from studies"):
                sql_values = [invitation_mark(row["hash"], pseudonym)]
                for table in ("steps", "invited_columns"):
                    self.db.execute(f"delete from [{table}] where mark = ?", sql_values)
            for table in ("consents", "participants"):
                self.db.execute(f"delete from [{table}] where pseudonym = ?", [pseudonym])
        self._checkpoint_wal()
        decks = sum(row["decks"] for row in studies)
        return ErasureCounts(decks, sum(row["links"] for row in studies) - decks)

    def has_counted(self, study: str, pseudonym: str) -> bool:
        """Return whether somebody had her turn in an open study before she was forgotten."""
        sql = "select 1 from counted where study = ? and mark = ?"
        return self.db.query_one(sql, study, invitation_mark(study, pseudonym)) is not None

    def withdrawn_decks(self, study: str) -> int:
        """Return how many decks of a study were withdrawn by whoever had played them."""
        sql = "select coalesce(sum(decks), 0) as n from withdrawals where study = ? and why is null"
        return int(self.db.query(sql, study)[0]["n"])

    def inactive_since(self, moment: int) -> list[str]:
        """Return the participants of whom the last trace is older; the simulated are nobody."""
        return [str(row["who"]) for row in self.db.query(_INACTIVE_SQL, moment)]

    def consent_counts(self, text_version: str) -> tuple[int, int]:
        """Return how many people's last word is a yes to this wording, and how many a no."""
        (row,) = self.db.query(_CONSENT_COUNTS_SQL, text_version)
        return int(row["yes"]), int(row["no"])

    def _checkpoint_wal(self) -> None:
        """Take erased pages out of the write-ahead log too."""
        self.db.query("pragma wal_checkpoint(truncate)")
