"""The offline table of a version: saved with it, or found by the latest evaluation since."""

import json
from typing import Any

from app.house import House
from app.jobs import result_file
from app.registry import Version
from app.rows.job_rows import State

Found = dict[str, Any]
"""An Evaluation as plain data."""


def offline_of(house: House, version: Version) -> Found | None:
    """Return the newest offline table of a version; None where it was never evaluated."""
    for row in house.store.jobs():
        same = row.kind == "evaluate" and row.message == version.hash
        if same and row.outcome == State.DONE:
            found = _read(house, row.id)
            if found is not None:
                return found
    return version.facts.get("offline")


def _read(house: House, job: str) -> Found | None:
    try:
        return dict(json.loads(result_file(house.workspace, job).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None
