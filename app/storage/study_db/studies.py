"""The tables of studies, their decisions, overrides, closings and training studies."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from app.storage.study_db.database import DbRow
from app.storage.study_db.hash_chain import ChainedDatabase
from app.storage.study_db.records import Decision, Override, StudyRow
from app.storage.study_db.row_codec import canonical_json
from recsys.errors import BadInputError, UnknownNameError
from recsys.study.policy import StudyKind

_DATE_TABLES = {
    "plays_from": "study_dates",
    "plays_until": "study_last_days",
}  # column -> table
MIN_HASH_PREFIX = 6  # characters of a hash that are enough to name a study
_STUDIES_SQL = (
    "select s.*, closed_at, why as why_closed, plays_from, plays_until from studies s "
    "left join study_closings c on c.study = s.hash left join study_dates d on d.study = s.hash "
    "left join study_last_days l on l.study = s.hash "
)


class StudyTable:
    """Tables with one row for the opening of a study, one for its decision, one for its closing."""

    def __init__(self, db: ChainedDatabase) -> None:
        self.db = db

    def open(self, study: StudyRow) -> StudyRow:
        """Store a study as opened now. Raises BadInputError if its name or hash exists."""
        row = _row(study) | {"opened_at": self.db.clock()}
        dates = {"plays_from": study.plays_from, "plays_until": study.plays_until}
        with self.db.transaction():
            if self.db.query_one(
                "select 1 from studies where name = ?1 or hash = ?2", study.name, study.hash
            ):
                raise BadInputError(f"A study called {study.name!r} exists: choose another name.")
            self.db.append_linked("studies", [row])
            self.db.append_linked("papers", [_part_hashes(row)])
            for column, day in dates.items():
                if day is not None:
                    self.db.insert(_DATE_TABLES[column], [{"study": study.hash, column: day}])
        return self.get(study.hash)

    def get(self, name: str) -> StudyRow:
        """Return a study by its hash, its name, or the first 6 or more characters of its hash.

        Raises UnknownNameError if there is no such study, or more than one.
        """
        for row in self.db.query(_STUDIES_SQL + "where hash = ?1 or name = ?1", name):
            return _to_study(row)
        matches = self.db.query(_STUDIES_SQL + "where substr(hash, 1, length(?1)) = ?1", name)
        if len(name) < MIN_HASH_PREFIX or len(matches) != 1:
            raise UnknownNameError("study", name, (study.name for study in self.all()))
        return _to_study(matches[0])

    def all(self) -> list[StudyRow]:
        """Return all studies, the newest one first."""
        return [_to_study(row) for row in self.db.query(_STUDIES_SQL + "order by seq desc")]

    def close(self, study: str, reason: str) -> None:
        """Close a study to new decks; delete its marks of erased people. The first reason stays."""
        row = {"study": study, "closed_at": self.db.clock(), "why": reason}
        with self.db.transaction():
            self.db.execute("delete from counted where study = ?", [study])
            self.db.insert("study_closings", [row], ignore=True)

    def record_decision(
        self, study: str, batch: int, outcome: str, reason: Mapping[str, Any]
    ) -> Decision:
        """Store a decision and return it. If there is one already, return that one instead."""
        with self.db.transaction():
            existing = self.decision(study)
            if existing is not None:
                return existing
            row: DbRow = {"study": study, "batch": batch, "outcome": outcome, "at": self.db.clock()}
            row["reason"] = canonical_json(reason)
            self.db.append_linked("decisions", [row])
        return _decision(row)

    def decision(self, study: str) -> Decision | None:
        """Return the decision of a study, or None if there is none yet."""
        row = self.db.query_one(
            "select study, batch, outcome, reason, at from decisions where study = ?", study
        )
        return None if row is None else _decision(row)

    def add_override(self, study: str, outcome: str, role: str, reason: str) -> Override:
        """Store a person's decision against the verdict. It is never deleted."""
        row: DbRow = {"study": study, "outcome": outcome, "role": role, "reason": reason}
        row["at"] = self.db.clock()
        with self.db.transaction():
            self.db.append_linked("overrides", [row])
        return _override(row)

    def overrides(self, study: str) -> list[Override]:
        """Return the overrides of a study, the first one first. The last one is valid."""
        sql = "select study, outcome, role, reason, at from overrides where study = ? order by seq"
        return [_override(row) for row in self.db.query(sql, study)]

    def add_training_studies(self, model: str, studies: Sequence[str]) -> None:
        """Store which studies' answers trained a model version. Idempotent."""
        with self.db.transaction():
            for study in studies:
                self.db.insert("lessons", [{"model": model, "study": study}], ignore=True)

    def training_studies(self, *models: str) -> list[str]:
        """Return the hashes of the studies with answers that trained these model versions."""
        sql = (
            "select study from lessons where model in (select value from json_each(?)) order by id"
        )
        return [row["study"] for row in self.db.query(sql, json.dumps(models))]

    def mismatches(self, study_hash: Callable[[StudyRow], str]) -> Iterator[str]:
        """Yield a message for each study that does not match its hash or its recorded parts."""
        recorded_parts = {row["study"]: row for row in self.db.query("select * from papers")}
        for row in self.db.query(_STUDIES_SQL + "order by seq"):
            recorded, current = recorded_parts.get(row["hash"]), _part_hashes(row)
            differing = [
                name for name in current if recorded is not None and recorded[name] != current[name]
            ]
            try:
                if differing:
                    differ = "differs" if len(differing) == 1 else "differ"
                    yield f"study {row['name']}: {' and '.join(differing)} {differ}"
                elif study_hash(_to_study(row)) != row["hash"]:
                    yield f"study {row['name']}: policy, model, baseline or invitations differ"
            except (ValueError, KeyError, TypeError):
                yield f"study {row['name']} cannot be read"


def _part_hashes(row: DbRow) -> DbRow:
    """Return the parts of a study for the table `papers`: policy hash, versions, baseline."""
    policy = sha256(row["policy"].encode()).hexdigest()
    return {key: row[key] for key in ("model", "challenger", "baseline")} | {
        "study": row["hash"], "policy": policy,
    }  # fmt: skip


def _row(study: StudyRow) -> DbRow:
    return {
        "hash": study.hash,
        "name": study.name,
        "kind": study.kind.value,
        "policy": canonical_json(study.policy),
        "model": study.model,
        "baseline": study.baseline,
        "invitation_seed": str(study.invitation_seed),
        "attempt": study.attempt,
        "challenger": study.challenger,
    }


def _to_study(row: DbRow) -> StudyRow:
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


def _decision(row: DbRow) -> Decision:
    return Decision(
        study=row["study"],
        batch=row["batch"],
        outcome=row["outcome"],
        reason=json.loads(row["reason"]),
        at=row["at"],
    )


def _override(row: DbRow) -> Override:
    return Override(
        study=row["study"],
        outcome=row["outcome"],
        role=row["role"],
        reason=row["reason"],
        at=row["at"],
    )
