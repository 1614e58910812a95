"""The tables of participants and their consents, and the erasure of a participant."""

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
    """Participants by pseudonym. These tables contain no name, address or customer id."""

    def __init__(self, db: ChainedDatabase) -> None:
        self.db = db

    def record_consent(self, pseudonym: str, text_version: str, yes: bool) -> None:
        """Store a participant's answer to a version of the consent text. The latest is valid."""
        row = {"pseudonym": pseudonym, "text_version": text_version, "yes": int(yes)}
        with self.db.transaction():
            self.db.insert("consents", [row | {"at": self.db.clock()}])

    def consent_of(self, pseudonym: str) -> Consent | None:
        """Return the participant's latest answer, or None if there is none."""
        row = self.db.query_one(
            "select text_version, yes, at from consents where pseudonym = ? order by id desc",
            pseudonym,
        )
        return None if row is None else Consent(row["text_version"], bool(row["yes"]), row["at"])

    def consents_of(self, pseudonym: str) -> list[Consent]:
        """Return all answers of the participant to consent texts, the first one first."""
        sql = "select text_version, yes, at from consents where pseudonym = ? order by id"
        return [
            Consent(row["text_version"], bool(row["yes"]), row["at"])
            for row in self.db.query(sql, pseudonym)
        ]

    def forget(
        self, pseudonym: str, reason: ErasureReason = ErasureReason.REQUESTED
    ) -> ErasureCounts:
        """Erase all rows of a participant.

        The scores of closed decks stay, without person, time or brand: a verdict must remain
        recomputable, and a score withdrawn by choice would bias the test. Until a study closes, a
        mark records that the participant has played in it; otherwise the person could count twice.
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
        """Return whether a person played in an open study before the person's rows were erased."""
        sql = "select 1 from counted where study = ? and mark = ?"
        return self.db.query_one(sql, study, invitation_mark(study, pseudonym)) is not None

    def withdrawn_decks(self, study: str) -> int:
        """Return how many decks of a study were withdrawn at the request of their participants."""
        sql = "select coalesce(sum(decks), 0) as n from withdrawals where study = ? and why is null"
        return int(self.db.query(sql, study)[0]["n"])

    def inactive_since(self, moment: int) -> list[str]:
        """Return the participants without activity since a time; simulated ones are left out."""
        return [str(row["who"]) for row in self.db.query(_INACTIVE_SQL, moment)]

    def consent_counts(self, text_version: str) -> tuple[int, int]:
        """Return (yes, no): the numbers of people by their latest answer to this version."""
        (row,) = self.db.query(_CONSENT_COUNTS_SQL, text_version)
        return int(row["yes"]), int(row["no"])

    def _checkpoint_wal(self) -> None:
        """Remove erased pages from the write-ahead log too."""
        self.db.query("pragma wal_checkpoint(truncate)")
