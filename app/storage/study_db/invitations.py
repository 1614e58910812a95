"""The tables of invitation lists, funnel steps, and coffee codes for finished decks."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from app.storage.study_db.database import DbRow
from app.storage.study_db.hash_chain import ChainedDatabase
from app.storage.study_db.records import FunnelStep, invitation_list_hash, invitation_mark
from recsys.errors import BadInputError
from recsys.report.snapshot import InvitationList

InvitationColumns = Mapping[str, Sequence[str]]
"""Column name -> value of each invited person. Each value has a minimum group of people."""


NO_COLUMNS: InvitationColumns = MappingProxyType({})


class InvitationTable:
    """One invitation list per study, stored before the first deck. Without it everybody may play.

    Column values of people are deleted after the retention time; the number per value stays.
    """

    def __init__(self, db: ChainedDatabase) -> None:
        self.db = db

    def add(
        self,
        study: str,
        pseudonyms: Iterable[str],
        codes: Iterable[str] = (),
        columns: InvitationColumns = NO_COLUMNS,
    ) -> str:
        """Store the list of a study with its coarse columns, and return its hash.

        Storing the same list again only adds new codes. Raises BadInputError for another list, for
        other columns, and for a list after the first deck.
        """
        marks_in_order = [invitation_mark(study, who) for who in pseudonyms]
        marks = set(marks_in_order)
        hash = invitation_list_hash(marks)
        row: DbRow = {"study": study, "hash": hash, "people": len(marks), "at": self.db.clock()}
        with self.db.transaction():
            existing = self.db.query_one("select hash from invitations where study = ?", study)
            self._check_list(study, hash, existing)
            if existing is None:
                self.db.append_linked("invitations", [row])
                self.db.insert(
                    "invited", [{"study": study, "mark": each} for each in sorted(marks)]
                )
                self._add_columns(study, marks_in_order, columns)
            else:
                self._check_columns(study, columns)
            code_rows = [{"study": study, "code": code} for code in codes]
            self.db.insert("coffee_codes", code_rows, ignore=True)
        return hash

    def _check_list(self, study: str, hash: str, existing: DbRow | None) -> None:
        if existing is not None and existing["hash"] != hash:
            raise BadInputError(
                "This study already has another invitation list: open a new study for this one."
            )
        if existing is None and self.db.query_one("select 1 from decks where study = ?", study):
            raise BadInputError(
                "Somebody has a deck of this study already: open a new study, and invite before "
                "the first card."
            )

    def count(self, study: str) -> int | None:
        """Return how many people are invited; None if there is no list."""
        row = self.db.query_one("select people from invitations where study = ?", study)
        return None if row is None else int(row["people"])

    def includes(self, study: str, pseudonym: str) -> bool | None:
        """Return whether a person is on the list; None without a list: everybody may play."""
        if self.count(study) is None:
            return None
        sql = "select 1 from invited where study = ? and mark = ?"
        return self.db.query_one(sql, study, invitation_mark(study, pseudonym)) is not None

    def snapshot(self, study: str, participants: Iterable[str]) -> InvitationList | None:
        """Return the list with consents, steps and columns; None if there is no list.

        Column values of single people are returned for `participants` only.
        """
        people = self.count(study)
        if people is None:
            return None
        values = self._column_values_by_mark(study)
        of_participants = {who: values.get(invitation_mark(study, who), {}) for who in participants}
        return InvitationList(
            people,
            tuple(self._consents(study)),
            self._step_times(study),
            self.column_counts(study),
            of_participants,
        )

    def _consents(self, study: str) -> Iterator[dict[int, bool]]:
        """Yield for each invited person the answers to the consent text, by time."""
        marks = {
            row["mark"] for row in self.db.query("select mark from invited where study = ?", study)
        }
        answers: dict[str, dict[int, bool]] = {}
        for row in self.db.query("select pseudonym, yes, at from consents order by id"):
            answers.setdefault(row["pseudonym"], {})[row["at"]] = bool(row["yes"])
        for pseudonym, by_time in answers.items():
            if invitation_mark(study, pseudonym) in marks:
                yield by_time

    def _step_times(self, study: str) -> dict[str, list[int]]:
        """Return the times at which people reached each step; {} if no step was ever recorded."""
        rows = self.db.query("select step, at from steps where study = ? order by id", study)
        times: dict[str, list[int]] = {step.value: [] for step in FunnelStep} if rows else {}
        for row in rows:
            times[row["step"]].append(row["at"])
        return times

    def record_step(self, study: str, pseudonym: str, step: FunnelStep) -> None:
        """Record once that an invited person reached a step; record nothing for anybody else."""
        row = {"study": study, "mark": invitation_mark(study, pseudonym), "step": step.value}
        step_sql = "select 1 from steps where study = ? and mark = ? and step = ?"
        if self.includes(study, pseudonym) and self.db.query_one(step_sql, *row.values()) is None:
            with self.db.transaction():
                self.db.insert("steps", [row | {"at": self.db.clock()}], ignore=True)

    def steps_of(self, study: str, pseudonym: str) -> list[tuple[FunnelStep, int]]:
        """Return the recorded steps of a person, each with its time."""
        sql = "select step, at from steps where study = ? and mark = ? order by id"
        rows = self.db.query(sql, study, invitation_mark(study, pseudonym))
        return [(FunnelStep(row["step"]), int(row["at"])) for row in rows]

    def delete_steps_before(self, moment: int) -> None:
        """Delete the steps that were recorded before a time."""
        with self.db.transaction():
            self.db.execute("delete from steps where at < ?", [moment])

    def list_hash(self, study: str) -> str | None:
        """Return the hash of the list; None if there is no list."""
        row = self.db.query_one("select hash from invitations where study = ?", study)
        return None if row is None else str(row["hash"])

    def take_coffee_code(self, study: str) -> str | None:
        """Return a code for a finished deck and delete it; None if no code is left.

        It does not depend on the answers, and no row says which participant received it.
        """
        with self.db.transaction():
            row = self.db.query_one(
                "select id, code from coffee_codes where study = ? limit 1", study
            )
            if row is None:
                return None
            self.db.execute("delete from coffee_codes where id = ?", [row["id"]])
        return str(row["code"])

    def _add_columns(self, study: str, marks: Sequence[str], columns: InvitationColumns) -> None:
        for name, values in columns.items():
            column = {"study": study, "name": name}
            self.db.insert(
                "invited_columns",
                [column | {"mark": m, "value": v} for m, v in zip(marks, values, strict=True)],
            )
            people = sorted(Counter(values).items())
            self.db.insert(
                "invited_values", [column | {"value": v, "people": n} for v, n in people]
            )

    def _check_columns(self, study: str, columns: InvitationColumns) -> None:
        """Raise BadInputError for other columns than those of the stored list."""
        if columns and set(columns) != set(self.column_counts(study)):
            raise BadInputError(
                "This list was invited with other columns: open a new study for these."
            )

    def column_counts(self, study: str) -> dict[str, dict[str, int]]:
        """Return column -> value -> number of invited people. These counts are never erased."""
        counts: dict[str, dict[str, int]] = {}
        sql = "select name, value, people from invited_values where study = ? order by id"
        for row in self.db.query(sql, study):
            counts.setdefault(str(row["name"]), {})[str(row["value"])] = int(row["people"])
        return counts

    def column_values(self, study: str, pseudonym: str) -> dict[str, str]:
        """Return the stored column values of an invited person."""
        return self._column_values_by_mark(study).get(invitation_mark(study, pseudonym), {})

    def _column_values_by_mark(self, study: str) -> dict[str, dict[str, str]]:
        values: dict[str, dict[str, str]] = {}
        sql = "select mark, name, value from invited_columns where study = ? order by id"
        for row in self.db.query(sql, study):
            values.setdefault(str(row["mark"]), {})[str(row["name"])] = str(row["value"])
        return values

    def delete_columns_before(self, moment: int) -> None:
        """Delete the column values of people on lists stored before a time."""
        sql = (
            "delete from invited_columns where study in "
            "(select study from invitations where at < ?)"
        )
        with self.db.transaction():
            self.db.execute(sql, [moment])

    def mismatches(self) -> Iterator[str]:
        """Yield a message for each list that does not match its hash and its size."""
        for row in self.db.query(
            "select i.*, s.name from invitations i join studies s on s.hash = i.study"
        ):
            marks = [
                r["mark"]
                for r in self.db.query("select mark from invited where study = ?", row["study"])
            ]
            if (invitation_list_hash(marks), len(marks)) != (row["hash"], row["people"]):
                yield f"study {row['name']}: invitations differ"
