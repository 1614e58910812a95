"""Studies as they were written down, and their verdicts."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from app.storage.study_db.database import Row
from app.storage.study_db.hash_chain import Ledger
from app.storage.study_db.records import Decision, Override, StudyRow
from app.storage.study_db.row_codec import canonical
from recsys.errors import BadInputError, UnknownNameError
from recsys.study.policy import StudyKind

_DATES = {"plays_from": "study_dates", "plays_until": "study_last_days"}  # column -> its table
LEAST_PREFIX = 6  # characters of a hash that name a study
_STUDIES = (
    "select s.*, closed_at, why as why_closed, plays_from, plays_until from studies s "
    "left join study_closings c on c.study = s.hash left join study_dates d on d.study = s.hash "
    "left join study_last_days l on l.study = s.hash "
)


class StudyRows(Ledger):
    """One row when a study opens, one when it decides, one when it closes."""

    def open_study(self, study: StudyRow) -> StudyRow:
        """Write a study down, opened now. Raises BadInputError where its name is taken."""
        row = _row(study) | {"opened_at": self.clock()}
        dates = {"plays_from": study.plays_from, "plays_until": study.plays_until}
        with self._writing():
            if self._one(
                "select 1 from studies where name = ?1 or hash = ?2", study.name, study.hash
            ):
                raise BadInputError(f"A study called {study.name!r} exists: choose another name.")
            self._append("studies", [row])
            self._append("papers", [_paper(row)])
            for column, day in dates.items():
                if day is not None:
                    self._insert(_DATES[column], [{"study": study.hash, column: day}])
        return self.study(study.hash)

    def study(self, name: str) -> StudyRow:
        """Return a study by its hash, its name, or the start of its hash (from 6 characters)."""
        for row in self._rows(_STUDIES + "where hash = ?1 or name = ?1", name):
            return _study(row)
        found = self._rows(_STUDIES + "where substr(hash, 1, length(?1)) = ?1", name)
        if len(name) < LEAST_PREFIX or len(found) != 1:
            raise UnknownNameError("study", name, (study.name for study in self.studies()))
        return _study(found[0])

    def studies(self) -> list[StudyRow]:
        """Return all studies, the newest first."""
        return [_study(row) for row in self._rows(_STUDIES + "order by seq desc")]

    def close_study(self, study: str, why: str) -> None:
        """Close a study to new decks. The first reason stands; marks of the forgotten go."""
        row = {"study": study, "closed_at": self.clock(), "why": why}
        with self._writing():
            self._db.execute("delete from counted where study = ?", [study])
            self._insert("study_closings", [row], ignore=True)

    def record_decision(
        self, study: str, batch: int, outcome: str, reason: Mapping[str, Any]
    ) -> Decision:
        """Write the verdict of the first batch that decided; return the one that stands."""
        with self._writing():
            known = self.decision(study)
            if known is not None:
                return known
            row: Row = {"study": study, "batch": batch, "outcome": outcome, "at": self.clock()}
            row["reason"] = canonical(reason)
            self._append("decisions", [row])
        return _decision(row)

    def decision(self, study: str) -> Decision | None:
        """Return the decision of a study, or None where none was taken yet."""
        row = self._one(
            "select study, batch, outcome, reason, at from decisions where study = ?", study
        )
        return None if row is None else _decision(row)

    def override(self, study: str, outcome: str, role: str, reason: str) -> Override:
        """Write down what somebody decided against the verdict; it is never taken back."""
        row: Row = {"study": study, "outcome": outcome, "role": role, "reason": reason}
        row["at"] = self.clock()
        with self._writing():
            self._append("overrides", [row])
        return _override(row)

    def overrides(self, study: str) -> list[Override]:
        """Return the overrides of a study, the first first; the last one is in force."""
        sql = "select study, outcome, role, reason, at from overrides where study = ? order by seq"
        return [_override(row) for row in self._rows(sql, study)]

    def teach(self, model: str, studies: Sequence[str]) -> None:
        """Write down from whose answers a version learnt; said twice it stands once."""
        with self._writing():
            for study in studies:
                self._insert("lessons", [{"model": model, "study": study}], ignore=True)

    def teachers(self, model: str) -> list[str]:
        """Return the studies that a version learnt from, by their hashes."""
        rows = self._rows("select study from lessons where model = ? order by id", model)
        return [row["study"] for row in rows]

    def _studies_that_differ(self, study_hash: Callable[[StudyRow], str]) -> Iterator[str]:
        papers = {row["study"]: row for row in self._rows("select * from papers")}
        for row in self._rows(_STUDIES + "order by seq"):
            written, now = papers.get(row["hash"]), _paper(row)
            parts = [name for name in now if written is not None and written[name] != now[name]]
            try:
                if parts:
                    differ = "differs" if len(parts) == 1 else "differ"
                    yield f"study {row['name']}: {' and '.join(parts)} {differ}"
                elif study_hash(_study(row)) != row["hash"]:
                    yield f"study {row['name']}: policy, model, baseline or invitations differ"
            except (ValueError, KeyError, TypeError):
                yield f"study {row['name']} cannot be read"


def _paper(row: Row) -> Row:
    """Return what a study wrote down, part by part."""
    policy = sha256(row["policy"].encode()).hexdigest()
    return {key: row[key] for key in ("model", "challenger", "baseline")} | {
        "study": row["hash"], "policy": policy,
    }  # fmt: skip


def _row(study: StudyRow) -> Row:
    return {
        "hash": study.hash,
        "name": study.name,
        "kind": study.kind.value,
        "policy": canonical(study.policy),
        "model": study.model,
        "baseline": study.baseline,
        "invitation_seed": str(study.invitation_seed),
        "attempt": study.attempt,
        "challenger": study.challenger,
    }


def _study(row: Row) -> StudyRow:
    return StudyRow(
        hash=row["hash"],
        name=row["name"],
        kind=StudyKind(row["kind"]),
        policy=json.loads(row["policy"]),
        model=row["model"],
        baseline=row["baseline"],
        invitation_seed=int(row["invitation_seed"]),
        attempt=row["attempt"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        why_closed=row["why_closed"],
        challenger=row["challenger"],
        plays_from=row["plays_from"],
        plays_until=row["plays_until"],
    )


def _decision(row: Row) -> Decision:
    return Decision(
        study=row["study"],
        batch=row["batch"],
        outcome=row["outcome"],
        reason=json.loads(row["reason"]),
        at=row["at"],
    )


def _override(row: Row) -> Override:
    return Override(
        study=row["study"],
        outcome=row["outcome"],
        role=row["role"],
        reason=row["reason"],
        at=row["at"],
    )
