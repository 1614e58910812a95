"""Which events a fit reads: a version of the store, and a window of its log."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.storage.event_store.store import CHUNK_ROWS, Warehouse
from recsys.dataset.events import Rows
from recsys.errors import BadInputError, NotEnoughError, UnknownNameError

SHORT = 8
"""Characters of a version of the store that a person reads."""
_LEAST = 4


@dataclass(frozen=True, slots=True)
class Source:
    """A version of the event store by the start of its hash, and days of its log (UTC), ISO."""

    events: str = ""  # empty: as of the last import
    since: str = ""  # the first day that is read; empty: from the beginning
    until: str = ""  # the last one; empty: to the end

    @property
    def first(self) -> int:
        """Seconds since 1970 at which the window begins, 0 where it has no beginning."""
        return 0 if not self.since else _seconds(_day(self.since, "since"))

    @property
    def last(self) -> int | None:
        """The last second of the window; None where it has no end."""
        if not self.until:
            return None
        return _seconds(_day(self.until, "until") + timedelta(days=1)) - 1


def _day(said: str, which: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError:
        raise BadInputError(f"`{which}` is {said!r}: write a day like 2026-03-31.") from None


def _seconds(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())


def source_to_row(source: Source) -> dict[str, str]:
    """Return what is read as the arguments of a job say it."""
    return {"events": source.events, "since": source.since, "until": source.until}


def source_from_row(row: Mapping[str, str]) -> Source:
    """Return what the arguments of a job say is read; without a word of it, all."""
    return Source(
        events=row.get("events", ""), since=row.get("since", ""), until=row.get("until", "")
    )


class Slice(Warehouse):
    """A window of a store: what lies outside of it is not there for whoever scans."""

    def __init__(self, whole: Warehouse, first: int, last: int) -> None:
        super().__init__(whole.workspace, whole.manifest)
        self.first, self.as_of = first, last

    def scan(
        self, sample: float = 1.0, seed: int = 0, chunk: int = CHUNK_ROWS
    ) -> Iterator[tuple[NDArray[np.int64], Rows]]:
        """Yield what the store yields, of the window alone."""
        for numbers, rows in super().scan(sample, seed, chunk):
            held = (rows["ts"] >= self.first) & (rows["ts"] <= self.as_of)
            if held.any():
                yield numbers[held], rows[held]


def versions_of(warehouse: Warehouse) -> list[Warehouse]:
    """Return the store as it was after each import since it was last started anew, newest first."""
    parts = warehouse.manifest["segments"]
    earlier = [_after(warehouse, n) for n in range(len(parts) - 1, 0, -1)]
    return [warehouse, *earlier]


def _after(warehouse: Warehouse, imports: int) -> Warehouse:
    parts = warehouse.manifest["segments"][:imports]
    manifest: dict[str, Any] = warehouse.manifest | {
        "segments": parts,
        "customers": sum(part["customers"] - part["known"] for part in parts),
        "events": sum(part["events"] for part in parts),
        "as_of": max(part["as_of"] for part in parts),
    }
    return Warehouse(warehouse.workspace, manifest)


def slice_of(warehouse: Warehouse, source: Source) -> Warehouse:
    """Return what a source names of a store.

    Raises UnknownNameError for a version that is not there, BadInputError for days that are none or
    stand in the wrong order, and NotEnoughError for a window without events.
    """
    whole = _version(warehouse, source.events)
    if not (source.since or source.until):
        return whole
    last = whole.as_of if source.last is None else min(source.last, whole.as_of)
    if source.last is not None and source.first > source.last:
        raise BadInputError(
            f"The window begins on {source.since} and ends on {source.until}: turn the two round."
        )
    part = Slice(whole, source.first, last)
    if next(part.scan(), None) is None:
        raise NotEnoughError(
            f"There is no event {_said(source)}: the log ends on "
            f"{datetime.fromtimestamp(whole.as_of, UTC):%Y-%m-%d}. Choose a window that meets it."
        )
    return part


def _said(source: Source) -> str:
    parts = (("from", source.since), ("to", source.until))
    return " ".join(f"{word} {day}" for word, day in parts if day)


def _version(warehouse: Warehouse, name: str) -> Warehouse:
    if not name:
        return warehouse
    known = versions_of(warehouse)
    found = [one for one in known if len(name) >= _LEAST and one.version.startswith(name)]
    if len(found) != 1:
        raise UnknownNameError(
            "version of the event store", name, [one.version[:SHORT] for one in known]
        )
    return found[0]
