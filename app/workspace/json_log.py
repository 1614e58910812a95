"""The log of a server and of its jobs: one JSON object a line, on the error stream.

    {"time": "2026-01-31T12:00:00.000Z", "level": "error", "event": "page_failed", "words": "..."}

`event` is an event name of ours, or the name of another package's logger. Another package's message
is cut to its first line without its arguments, and an error to its type and its places in the code,
because the rest may be personal data. On a terminal a line is the message (`words`) alone.
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
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:  # every command imports this module, and would import the whole report
    from recsys.report.shown_measures import Failure


LOGGER_NAME = "brandswipe"
MAX_FRAMES = 4  # of an error's traceback, the innermost first
_log = logging.getLogger(LOGGER_NAME)


def log_extra(name: str) -> Mapping[str, str]:
    """Return the `extra` argument of a log call: an event name, which must never change."""
    return {"event": name}


def is_interactive(stream: TextIO | None = None) -> bool:
    """Return whether a stream, by default the error stream, is a terminal."""
    return (stream or sys.stderr).isatty()


def describe_error(error: BaseException) -> str:
    """Return the type of an error and its places in the code, without its message or values."""
    frames = reversed(traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:])
    location = " < ".join(f"{Path(at.filename).name}:{at.lineno} {at.name}" for at in frames)
    return f"{type(error).__name__} at {location}" if location else type(error).__name__


def not_computed(failures: "Iterable[Failure]") -> None:
    """Log each measure that could not be computed. The report shows it as unknown."""
    for failure in failures:
        _log.error(
            "a measure could not be computed, %s: %s",
            failure.measure,
            failure.error,
            extra=log_extra("measure_failed"),
        )


class JsonFormatter(logging.Formatter):
    """Formats a record as a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without its line break."""
        timestamp = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        entry = {
            "time": timestamp.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", record.name),
            "words": log_message(record),
        }
        return json.dumps(entry, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """Formats a record as its message alone."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the message."""
        return log_message(record)


def log_message(record: logging.LogRecord) -> str:
    """Return the message of a record, without anything that may be personal data."""
    message = record.getMessage() if _is_ours(record) else str(record.msg).partition("\n")[0]
    error = record.exc_info[1] if record.exc_info else None
    return f"{message} ({describe_error(error)})" if error else message


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] == LOGGER_NAME


def _is_relevant(record: logging.LogRecord) -> bool:
    """Return whether to log a record: ours, and warnings of other packages, but no access log."""
    return _is_ours(record) or record.levelno >= logging.WARNING


def readable_log(text: str) -> str:
    """Return lines of JSON as time of day and message; other lines stay as they are."""
    return "\n".join(map(_readable_line, text.splitlines()))


def _readable_line(line: str) -> str:
    try:
        entry = json.loads(line)
        return f"{entry['time'][11:19]}  {entry['words']}"
    except (ValueError, KeyError, TypeError):
        return line


class _PropagatingLogger(logging.Logger):
    """The logger class of packages that are imported later: it writes to our log only.

    Streamlit gives each of its loggers a handler of its own and turns propagation off.
    """

    def addHandler(self, hdlr: logging.Handler) -> None:  # noqa: N802
        """Ignore the handler."""

    def callHandlers(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Pass the record to the root logger's handlers, which write our log."""
        logging.root.callHandlers(record)


@contextmanager
def json_logging(stream: TextIO | None = None) -> Iterator[None]:
    """Write every log record, warning and uncaught error of this process to our log."""
    handler = logging.StreamHandler(stream)
    handler.addFilter(_is_relevant)
    handler.setFormatter(TextFormatter() if is_interactive(stream) else JsonFormatter())
    logging.root.addHandler(handler)
    _log.setLevel(logging.INFO)
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            logger.handlers, logger.propagate = [], True
    original_hooks = warnings.showwarning, threading.excepthook, sys.unraisablehook
    warnings.showwarning, threading.excepthook, sys.unraisablehook = (
        _log_warning,
        _log_thread_failure,
        _log_unraisable,
    )
    logger_class, raise_exceptions = logging.getLoggerClass(), logging.raiseExceptions
    logging.setLoggerClass(_PropagatingLogger)
    logging.raiseExceptions = False  # no traceback about a stream that is full or closed
    try:
        yield
    finally:
        logging.root.removeHandler(handler)
        warnings.showwarning, threading.excepthook, sys.unraisablehook = original_hooks
        logging.setLoggerClass(logger_class)
        logging.raiseExceptions = raise_exceptions


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    del message, file, line  # they may contain personal data
    location = f"{Path(filename).name}:{lineno}"
    _log.warning("%s at %s", category.__name__, location, extra=log_extra("warned"))


def _log_thread_failure(hook: threading.ExceptHookArgs) -> None:
    error = hook.exc_value or hook.exc_type()
    _log.error("a thread ended: %s", describe_error(error), extra=log_extra("thread_failed"))


def _log_unraisable(hook: Any) -> None:
    error = hook.exc_value or hook.exc_type()
    _log.error("cleaning up failed: %s", describe_error(error), extra=log_extra("cleanup_failed"))
