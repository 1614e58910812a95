"""What the terminal shows while something lasts: a bar, or a short star-crawl. No TTY, neither."""

import math
import os
import select
import shutil
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TextIO

from tqdm import tqdm

from recsys.progress import ProgressCallback

FRAME_SECONDS = 0.12  # seconds
LINE_SECONDS = 0.55  # seconds that a line of text takes to move up by one
_ENTER_SCREEN, _LEAVE_SCREEN = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_HOME, _DIM, _BOLD, _YELLOW, _RESET = "\x1b[H", "\x1b[2m", "\x1b[1m", "\x1b[33m", "\x1b[0m"
_SKIP_KEYS = b" \r\n\x1b"


@contextmanager
def progress_bar(label: str, stream: TextIO | None = None) -> Iterator[ProgressCallback]:
    """Give a `progress(stage, fraction)` that moves a bar on stderr; quiet without a TTY."""
    bar_format = "{desc:<34.34} {bar:24} {percentage:3.0f}%  {elapsed}"
    with tqdm(
        total=1.0,
        desc=label,
        bar_format=bar_format,
        file=stream or sys.stderr,
        disable=None,
        leave=False,
    ) as tqdm_bar:

        def progress(stage: str, fraction: float) -> None:
            tqdm_bar.set_description_str(stage or label, refresh=False)
            tqdm_bar.n = min(max(fraction, 0.0), 1.0)
            tqdm_bar.refresh()

        yield progress


@contextmanager
def star_crawl_progress(
    lines: Sequence[str],
    label: str,
    stream: TextIO | None = None,
    keyboard: TextIO | None = None,
) -> Iterator[ProgressCallback]:
    """Roll a star-crawl while the block works; enter, space or escape turns it into a bar."""
    out, stop_event, status_holder = stream or sys.stderr, threading.Event(), [label]
    with progress_bar(label, out) as report_to_bar:
        if not out.isatty():
            yield report_to_bar
            return
        crawl_thread = threading.Thread(
            target=star_crawl,
            args=(lines, stop_event, out, lambda: status_holder[0], keyboard),
            daemon=True,
        )

        def progress(stage: str, fraction: float) -> None:
            status_holder[0] = f"{stage} {fraction:.0%}"
            if not crawl_thread.is_alive():
                report_to_bar(stage, fraction)

        crawl_thread.start()
        try:
            yield progress
        finally:
            stop_event.set()
            crawl_thread.join()


def star_crawl(
    lines: Sequence[str],
    stop_event: threading.Event,
    stream: TextIO,
    status: Callable[[], str] = str,
    keyboard: TextIO | None = None,
) -> None:
    """Roll the lines away until they are gone, `stop_event` is set or a key is pressed.

    Nothing at all is written where the stream is no TTY.
    """
    if not stream.isatty():
        return
    with _skip_key_reader(keyboard or sys.stdin) as key_pressed:
        stream.write(_ENTER_SCREEN)
        try:
            for frame_index in range(
                math.ceil(
                    (len(lines) + shutil.get_terminal_size().lines) * LINE_SECONDS / FRAME_SECONDS
                )
            ):
                if stop_event.is_set() or key_pressed():
                    break
                width, height = shutil.get_terminal_size()
                text = "\r\n".join(
                    render_frame(
                        lines,
                        frame_index * FRAME_SECONDS / LINE_SECONDS,
                        width,
                        height - 1,
                        status(),
                    )
                )
                stream.write(_HOME + text)
                stream.flush()
                stop_event.wait(FRAME_SECONDS)
        finally:
            stream.write(_LEAVE_SCREEN)
            stream.flush()


def render_frame(
    lines: Sequence[str], lines_risen: float, width: int, height: int, status: str = ""
) -> list[str]:
    """Return one picture: `height` rows of exactly `width` columns, colours aside.

    The text has risen by so many lines from the bottom. Near lines are wide and bright, far ones
    narrow and dim, as if they lay on a plane that leads away.
    """
    sky_height = height - 1
    rows = [
        _render_row(_line_at(lines, row, lines_risen, sky_height), row, sky_height, width)
        for row in range(sky_height)
    ]
    return [*rows, _DIM + status[:width].ljust(width) + _RESET]


def _line_at(lines: Sequence[str], row: int, lines_risen: float, sky_height: int) -> str:
    index = row - sky_height + math.floor(lines_risen)
    return lines[index] if 0 <= index < len(lines) else ""


def _render_row(text: str, row: int, sky_height: int, width: int) -> str:
    nearness = row / max(sky_height, 1)
    spaced = " ".join(text) if nearness > 0.8 and 2 * len(text) <= width else text
    style = _YELLOW + (_BOLD if nearness > 0.55 else _DIM if nearness < 0.3 else "")
    centered = spaced[:width].center(width)
    if not text.strip():
        return _DIM + _render_stars(row, width) + _RESET
    return style + centered + _RESET


def _render_stars(row: int, width: int) -> str:
    """A sky without chance: the same for everybody, and it does not flicker."""
    return "".join(
        "." if (column * 7919 + row * 104_729) % 97 == 0 else " " for column in range(width)
    )


@contextmanager
def _skip_key_reader(keyboard: TextIO) -> Iterator[Callable[[], bool]]:
    """Give a question: was a key that skips pressed? The terminal is left as it was found."""
    if not keyboard.isatty():
        yield lambda: False
        return
    fd = keyboard.fileno()
    saved_attributes = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd)
        yield lambda: _skip_key_pressed(fd)
    finally:
        with suppress(termios.error):
            termios.tcsetattr(fd, termios.TCSADRAIN, saved_attributes)


def _skip_key_pressed(fd: int) -> bool:
    ready, _, _ = select.select([fd], [], [], 0)
    return bool(ready) and os.read(fd, 1) in _SKIP_KEYS
