"""Training window: the version of the event store and the days that a fit reads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.storage.event_store.store import CHUNK_ROWS, EventStore
from recsys.dataset.events import EventRows
from recsys.errors import BadInputError, NotEnoughError, UnknownNameError

SHORT_VERSION = 8
"""Number of characters of a store version that people see."""
_MIN_PREFIX = 4  # characters of a store version


@dataclass(frozen=True, slots=True)
class TrainingWindow:
    """A version of the event store (prefix of its hash) and a range of UTC days (ISO dates)."""

    events: str = ""  # empty: the current version
    since: str = ""  # first day, inclusive; empty: from the start
    until: str = ""  # last day, inclusive; empty: to the end

    @property
    def first(self) -> int:
        """First second of the window since 1970, or 0. Raises BadInputError for a bad day."""
        return 0 if not self.since else _day_start(_parse_day(self.since, "since"))

    @property
    def last(self) -> int | None:
        """Last second of the window since 1970, or None. Raises BadInputError for a bad day."""
        if not self.until:
            return None
        return _day_start(_parse_day(self.until, "until") + timedelta(days=1)) - 1


def _parse_day(text: str, setting: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"`{setting}` is {text!r}: write a day like 2026-03-31.") from None


def _day_start(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())


def source_to_row(source: TrainingWindow) -> dict[str, str]:
    """Return the window as JSON data for the arguments of a job."""
    return {"events": source.events, "since": source.since, "until": source.until}


def source_from_row(row: Mapping[str, str]) -> TrainingWindow:
    """Return the window from the arguments of a job; missing arguments mean all events."""
    return TrainingWindow(
        events=row.get("events", ""), since=row.get("since", ""), until=row.get("until", "")
    )


class WindowedEventStore(EventStore):
    """An event store restricted to a window: `scan` skips events outside [first, as_of]."""

    def __init__(self, event_store: EventStore, first: int, last: int) -> None:
        super().__init__(event_store.workspace, event_store.manifest)
        self.first, self.as_of = first, last

    def scan(
        self, sample: float = 1.0, seed: int = 0, chunk: int = CHUNK_ROWS
    ) -> Iterator[tuple[NDArray[np.int64], EventRows]]:
        """Yield chunks like EventStore.scan, with only the events in the window."""
        for numbers, rows in super().scan(sample, seed, chunk):
            in_window = (rows["ts"] >= self.first) & (rows["ts"] <= self.as_of)
            if in_window.any():
                yield numbers[in_window], rows[in_window]


def store_versions(event_store: EventStore) -> list[EventStore]:
    """Return the store as of each import since it was last started anew, newest first."""
    parts = event_store.manifest["segments"]
    earlier = [_store_after(event_store, n) for n in range(len(parts) - 1, 0, -1)]
    return [event_store, *earlier]


def _store_after(event_store: EventStore, imports: int) -> EventStore:
    parts = event_store.manifest["segments"][:imports]
    manifest: dict[str, Any] = event_store.manifest | {
        "segments": parts,
        "customers": sum(part["customers"] - part["known"] for part in parts),
        "events": sum(part["events"] for part in parts),
        "as_of": max(part["as_of"] for part in parts),
    }
    return EventStore(event_store.workspace, manifest)


def open_window(event_store: EventStore, window: TrainingWindow) -> EventStore:
    """Return the store version and days that a window names.

    Raises UnknownNameError for an unknown version, BadInputError for invalid days or days in the
    wrong order, and NotEnoughError for a window without events.
    """
    full_store = _store_version(event_store, window.events)
    if not (window.since or window.until):
        return full_store
    last = full_store.as_of if window.last is None else min(window.last, full_store.as_of)
    if window.last is not None and window.first > window.last:
        raise BadInputError(
            f"The window begins on {window.since} and ends on {window.until}: swap the two days."
        )
    windowed_store = WindowedEventStore(full_store, window.first, last)
    if next(windowed_store.scan(), None) is None:
        raise NotEnoughError(
            f"There is no event {_describe(window)}: the log ends on "
            f"{datetime.fromtimestamp(full_store.as_of, UTC):%Y-%m-%d}. Choose a window that "
            "meets it."
        )
    return windowed_store


def _describe(window: TrainingWindow) -> str:
    parts = (("from", window.since), ("to", window.until))
    return " ".join(f"{word} {day}" for word, day in parts if day)


def _store_version(event_store: EventStore, name: str) -> EventStore:
    if not name:
        return event_store
    versions = store_versions(event_store)
    matches = [one for one in versions if len(name) >= _MIN_PREFIX and one.version.startswith(name)]
    if len(matches) != 1:
        raise UnknownNameError(
            "version of the event store", name, [one.version[:SHORT_VERSION] for one in versions]
        )
    return matches[0]
