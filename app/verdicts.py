"""What people said of a model version: its studies and their verdicts, as they may be published."""

from dataclasses import dataclass

from app.house import House
from app.studies import Judged, judge
from recsys.study.policy import StudyKind


@dataclass(frozen=True, slots=True)
class Human:
    """One study of a version."""

    judged: Judged

    @property
    def outcome(self) -> str:
        """Release, hold or undecided; of an overridden one what the answers said."""
        return self.judged.verdict.outcome.value


def studies_of(house: House, model: str) -> list[Human]:
    """Return the studies that judge a version, the newest first, each judged now."""
    rows = [
        row
        for row in house.store.studies()
        if model in row.versions and row.kind is not StudyKind.PLAYGROUND
    ]
    return [Human(judge(house.store, row)) for row in rows]
