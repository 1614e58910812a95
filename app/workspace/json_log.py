"""What a server and its jobs say while they work: one JSON object a line, on the error stream.

    {"time": "2026-01-31T12:00:00.000Z", "level": "error", "event": "page_failed", "words": "..."}

`event` is one of ours, or the name of the package that spoke. Of another package's line the first
one is kept without what was filled in, and of an error its kind and the places in the code: neither
may be somebody's. On a terminal the words stand alone, for the person who started it.
"""

import json
import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from recsys.report.shown_measures import Failure

OURS = "brandswipe"
PLACES = 4  # of an error, the innermost first
_log = logging.getLogger(OURS)


def event(name: str) -> Mapping[str, str]:
    """Return the `extra` of a line: what happened, in a word that does not change."""
    return {"event": name}


def for_a_person(stream: TextIO | None = None) -> bool:
    """Return whether somebody sits before the error stream."""
    return (stream or sys.stderr).isatty()


def fault(error: BaseException) -> str:
    """Return kind and places of an error, and nothing that it holds."""
    places = reversed(traceback.extract_tb(error.__traceback__)[-PLACES:])
    where = " < ".join(f"{Path(at.filename).name}:{at.lineno} {at.name}" for at in places)
    return f"{type(error).__name__} at {where}" if where else type(error).__name__


def not_computed(failures: Iterable[Failure]) -> None:
    """Write a line for each shown measure that could not be computed and now reads unknown."""
    for failure in failures:
        _log.error(
            "a measure reads unknown, %s: %s",
            failure.measure,
            failure.error,
            extra=event("measure_failed"),
        )


class Lines(logging.Formatter):
    """A record as a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", record.name),
            "words": words(record),
        }
        return json.dumps(said, ensure_ascii=False)


class Words(logging.Formatter):
    """A record as its words."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the words alone."""
        return words(record)


def words(record: logging.LogRecord) -> str:
    """Return what a record says in words that hold nobody's data."""
    said = record.getMessage() if _ours(record) else str(record.msg).partition("\n")[0]
    error = record.exc_info[1] if record.exc_info else None
    return f"{said} ({fault(error)})" if error else said


def _ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] == OURS


def _matters(record: logging.LogRecord) -> bool:
    """Whether a line is worth keeping: of other packages those that warn, and no list of visits."""
    return _ours(record) or record.levelno >= logging.WARNING


def told(written: str) -> str:
    """Return the words of lines of JSON, each after its time of day; other lines as they are."""
    return "\n".join(map(_told, written.splitlines()))


def _told(line: str) -> str:
    try:
        said = json.loads(line)
        return f"{said['time'][11:19]}  {said['words']}"
    except (ValueError, KeyError, TypeError):
        return line


class _Later(logging.Logger):
    """The logger of a package that is imported later: it writes here and nowhere else.

    Streamlit gives each of its loggers a handler of its own, and lets nothing pass on.
    """

    def addHandler(self, hdlr: logging.Handler) -> None:  # noqa: N802
        """Take none."""

    def callHandlers(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Hand on to what the journal is kept with."""
        logging.root.callHandlers(record)


@contextmanager
def kept(stream: TextIO | None = None) -> Iterator[None]:
    """Keep the journal: all that this process says from now on is a line of it."""
    handler = logging.StreamHandler(stream)
    handler.addFilter(_matters)
    handler.setFormatter(Words() if for_a_person(stream) else Lines())
    logging.root.addHandler(handler)
    _log.setLevel(logging.INFO)
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            logger.handlers, logger.propagate = [], True
    before = warnings.showwarning, threading.excepthook, sys.unraisablehook
    warnings.showwarning, threading.excepthook, sys.unraisablehook = _warned, _ended, _unraised
    kind, raising = logging.getLoggerClass(), logging.raiseExceptions
    logging.setLoggerClass(_Later)
    logging.raiseExceptions = False  # a stream that is full or gone gets no traceback about itself
    try:
        yield
    finally:
        logging.root.removeHandler(handler)
        warnings.showwarning, threading.excepthook, sys.unraisablehook = before
        logging.setLoggerClass(kind)
        logging.raiseExceptions = raising


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    del message, file, line  # they may hold a value
    place = f"{Path(filename).name}:{lineno}"
    _log.warning("%s at %s", category.__name__, place, extra=event("warned"))


def _ended(hook: threading.ExceptHookArgs) -> None:
    error = hook.exc_value or hook.exc_type()
    _log.error("a thread ended: %s", fault(error), extra=event("thread_failed"))


def _unraised(hook: Any) -> None:
    error = hook.exc_value or hook.exc_type()
    _log.error("cleaning up failed: %s", fault(error), extra=event("cleanup_failed"))
