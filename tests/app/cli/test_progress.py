"""The terminal: a bar or a star-crawl where somebody looks, nothing where nobody does."""

import io
import os
import pty
import re
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import pytest

from app.cli.progress import progress_bar, render_frame, star_crawl, star_crawl_progress

STORY = ["A SHOP, FAR AWAY", "", "Everybody once bought", "a screen protector."]


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@contextmanager
def keyboard() -> Iterator[tuple[int, TextIO]]:
    """A terminal of its own; gives the end that types and the end that is read."""
    here, there = pty.openpty()
    stream: TextIO = os.fdopen(there, "r")
    try:
        yield here, stream
    finally:
        stream.close()
        os.close(here)


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[?\d;]*[a-zA-Z]", "", text)


def test_a_bar_names_its_stage_and_share() -> None:
    screen = Screen()
    with progress_bar("Fitting", screen) as progress:
        progress("reading events", 0.5)
        progress("factors", 2.0)
    assert "Fitting" in screen.getvalue()
    assert re.search(r"reading events .* 50%", screen.getvalue())
    assert re.search(r"factors .* 100%", screen.getvalue())


def test_without_a_terminal_nothing_is_written() -> None:
    file = io.StringIO()
    with progress_bar("Fitting", file) as progress:
        progress("reading events", 0.5)
    with star_crawl_progress(STORY, "Fitting", file) as progress:
        progress("reading events", 0.5)
    star_crawl(STORY, threading.Event(), file)
    assert file.getvalue() == ""


@pytest.mark.parametrize(("width", "height"), [(80, 24), (20, 5), (1, 1), (200, 60)])
def test_a_frame_fills_the_screen_exactly(width: int, height: int) -> None:
    for risen in (0, 3.5, 10, 1000):
        rows = render_frame(STORY, risen, width, height, "Fitting 40%")
        assert len(rows) == height
        assert {len(plain(row)) for row in rows} == {width}


def test_lines_rise_and_go() -> None:
    def places(risen: float) -> list[int]:
        rows = [plain(row) for row in render_frame(STORY, risen, 80, 24)]
        return [i for i, row in enumerate(rows) if "screen protector" in row.replace("  ", "")]

    seen = [places(risen) for risen in range(10, 26)]
    rows = [place[0] for place in seen if place]
    assert rows == sorted(rows, reverse=True)
    assert len(rows) > 5
    assert places(100) == []


def test_the_status_stands_under_the_crawl() -> None:
    assert "Fitting 40%" in plain(render_frame(STORY, 3, 80, 24, "Fitting 40%")[-1])


def test_the_crawl_stops_when_the_work_is_done_and_gives_the_screen_back() -> None:
    screen = Screen()
    with keyboard() as (_, keys):
        before = termios.tcgetattr(keys)
        started = time.monotonic()
        with star_crawl_progress(STORY, "Fitting", screen, keys) as progress:
            progress("factors", 0.4)
            time.sleep(0.3)
        assert time.monotonic() - started < 2
        assert termios.tcgetattr(keys) == before
    assert "factors 40%" in screen.getvalue()
    assert screen.getvalue().count("\x1b[?1049h") == screen.getvalue().count("\x1b[?1049l") == 1


@pytest.mark.parametrize("key", [b" ", b"\n", b"\x1b"])
def test_a_key_skips_the_crawl_and_leaves_a_bar(key: bytes) -> None:
    screen = Screen()
    with (
        keyboard() as (here, keys),
        star_crawl_progress(STORY, "Fitting", screen, keys) as progress,
    ):
        time.sleep(0.3)
        os.write(here, key)
        deadline = time.monotonic() + 5
        while "\x1b[?1049l" not in screen.getvalue():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.2)
        progress("factors", 0.5)
    assert re.search(r"factors .* 50%", screen.getvalue())


def test_another_key_does_not_skip_it() -> None:
    screen, stop = Screen(), threading.Event()
    with keyboard() as (here, keys):
        crawl = threading.Thread(target=star_crawl, args=(STORY, stop, screen, str, keys))
        crawl.start()
        os.write(here, b"x")
        time.sleep(0.5)
        alive = crawl.is_alive()
        stop.set()
        crawl.join(5)
    assert alive
    assert not crawl.is_alive()


def test_a_short_crawl_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINES", "2")
    monkeypatch.setenv("COLUMNS", "40")
    screen = Screen()
    with keyboard() as (_, keys):
        star_crawl(["one"], threading.Event(), screen, keyboard=keys)
    assert screen.getvalue().endswith("\x1b[?25h\x1b[?1049l")
