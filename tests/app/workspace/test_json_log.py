"""Every line of a server or a job is one object, and holds nothing of anybody."""

import io
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from app.workspace.json_log import (
    describe_error,
    json_logging,
    log_extra,
    log_message,
    readable_log,
)
from tests.app.operations.test_shutdown import until_it_answers

CANARY = "canary ann@shop.example"
SERVER = f"""
import threading, warnings
from app.web import routes
well = routes.check_health
def breaks(house):
    if breaks.asked > 2:
        threading.Thread(target=fails).start()
        warnings.warn("{CANARY}")
        fails()
    breaks.asked += 1
    return well(house)
breaks.asked = 0
def fails(*_):
    raise ValueError("{CANARY}")
routes.check_health, routes.receive_swipes = breaks, fails
from app.cli.main import main
main()
"""
FIELDS = ["time", "level", "event", "words"]


class Screen(io.StringIO):
    """What a person sits before."""

    def isatty(self) -> bool:
        """Always."""
        return True


@contextmanager
def keeping(stream: io.StringIO) -> Iterator[None]:
    """Keep the journal here for a moment; pytest's own handlers come back."""
    before = {
        name: (logger.handlers, logger.propagate, logger.level)
        for name, logger in logging.root.manager.loggerDict.items()
        if isinstance(logger, logging.Logger)
    }
    with json_logging(stream):
        yield
    for name, (handlers, propagate, level) in before.items():
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate, logger.level = handlers, propagate, level


def lines(written: str) -> list[dict[str, Any]]:
    """Every line as the object that it must be."""
    found = [json.loads(line) for line in written.splitlines()]
    assert all(list(line) == FIELDS for line in found)
    return found


def test_every_line_of_a_server_is_an_object_and_no_error_says_whose(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    workspace = tmp_path / "w"
    workspace.mkdir()
    run = [sys.executable, "-c", SERVER, "serve", "--login", "local", "--no-browser"]
    where = ["--workspace", str(workspace), "--port", str(port)]
    world = {k: v for k, v in os.environ.items() if not k.startswith("BRANDSWIPE_")}
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen([*run, *where], cwd=tmp_path, env=world, stderr=log, stdout=log) as server,
    ):
        try:
            until_it_answers(port)
            heard = provoked(f"http://127.0.0.1:{port}")
        finally:
            server.send_signal(signal.SIGTERM)
    assert heard[:2] == [403, 500]
    assert heard[-1] == 500
    written = (tmp_path / "log").read_text()
    events = {line["event"] for line in lines(written)}
    assert {"started", "door_refused", "post_failed"} <= events
    assert "uvicorn.access" not in events  # no list of who visited what
    assert {"uvicorn.error", "thread_failed", "warned", "stopped"} <= events
    for secret in ("canary", "shop.example", "Traceback", str(tmp_path)):
        assert secret not in written


def provoked(here: str) -> list[int]:
    """Ask what is refused, and what fails; return the statuses."""
    asked = [
        urllib.request.Request(f"{here}/", headers={"Host": "canary.example"}),
        urllib.request.Request(f"{here}/api/swipes", data=CANARY.encode()),
        *[f"{here}/healthz"] * 4,
    ]
    return [status(one) for one in asked]


def status(asked: str | urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(asked) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_line_says_when_how_bad_what_and_in_which_words() -> None:
    stream = io.StringIO()
    with keeping(stream):
        logging.getLogger("brandswipe").warning("a “door”\nshut", extra=log_extra("door_refused"))
    (line,) = lines(stream.getvalue())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {"level": "warning", "event": "door_refused", "words": "a “door”\nshut"}


def test_of_another_package_the_values_stay_out_whenever_it_was_imported() -> None:
    stream = io.StringIO()
    early = logging.getLogger("a.package")
    early.addHandler(logging.StreamHandler(stream))
    early.propagate = False
    with keeping(stream):
        late = logging.getLogger(f"a.later.package.{id(stream)}")
        late.addHandler(logging.StreamHandler(stream))
        late.propagate = False
        for logger in (early, late):
            try:
                raise KeyError(CANARY)
            except KeyError:
                logger.exception("it failed for %s\nTraceback", CANARY)
    first, second = lines(stream.getvalue())
    assert first["event"] == "a.package"
    assert second["event"] == late.name
    assert "it failed for %s (KeyError at test_json_log.py:" in second["words"]
    assert "canary" not in stream.getvalue()


def test_of_another_package_only_what_warns_is_kept() -> None:
    stream = io.StringIO()
    with keeping(stream):
        other = logging.getLogger("a.package")
        other.setLevel(logging.DEBUG)
        other.info("%s came to %s", CANARY, "/")
        other.warning("it is late")
    (line,) = lines(stream.getvalue())
    assert (line["level"], line["words"]) == ("warning", "it is late")


def test_a_person_before_a_screen_reads_words() -> None:
    screen = Screen()
    with keeping(screen):
        logging.getLogger("brandswipe").error("The disk is full.", extra=log_extra("unwell"))
    assert screen.getvalue() == "The disk is full.\n"


def test_warnings_and_ended_threads_are_lines_and_what_was_before_comes_back() -> None:
    stream, before = io.StringIO(), (warnings.showwarning, threading.excepthook)
    with keeping(stream), warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning(UserWarning(CANARY), UserWarning, "/home/ann/x.py", 7)
        thread = threading.Thread(target=lambda: {}[CANARY])  # type: ignore[misc]
        thread.start()
        thread.join()
    assert (warnings.showwarning, threading.excepthook) == before
    warned, ended = lines(stream.getvalue())
    assert warned["words"] == "UserWarning at x.py:7"
    assert ended["words"].startswith("a thread ended: KeyError at test_json_log.py:")
    assert "ann" not in stream.getvalue()


def test_an_error_without_a_place_is_its_kind() -> None:
    assert describe_error(ValueError(CANARY)) == "ValueError"
    record = logging.LogRecord("x", 40, "x", 1, "first\nsecond", None, None)
    assert log_message(record) == "first"


def test_a_journal_is_told_in_words_and_times_of_day() -> None:
    stream = io.StringIO()
    with keeping(stream):
        logging.getLogger("brandswipe").info("learning the brands", extra=log_extra("job"))
    written = stream.getvalue() + "Killed\n{}\n"
    first, *rest = readable_log(written).splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d  learning the brands", first)
    assert rest == ["Killed", "{}"]
    with closing(io.StringIO()) as empty:
        assert readable_log(empty.getvalue()) == ""
