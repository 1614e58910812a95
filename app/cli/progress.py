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

Progress = Callable[[str, float], None]
FRAME = 0.12  # seconds
LINE = 0.55  # seconds that a line of text takes to move up by one
_HIDE, _SHOW = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_HOME, _DIM, _BOLD, _GLOW, _PLAIN = "\x1b[H", "\x1b[2m", "\x1b[1m", "\x1b[33m", "\x1b[0m"
_SKIP = b" \r\n\x1b"


@contextmanager
def bar(words: str, stream: TextIO | None = None) -> Iterator[Progress]:
    """Give a `progress(stage, fraction)` that moves a bar on stderr; quiet without a TTY."""
    shape = "{desc:<34.34} {bar:24} {percentage:3.0f}%  {elapsed}"
    with tqdm(
        total=1.0,
        desc=words,
        bar_format=shape,
        file=stream or sys.stderr,
        disable=None,
        leave=False,
    ) as shown:

        def progress(stage: str, fraction: float) -> None:
            shown.set_description_str(stage or words, refresh=False)
            shown.n = min(max(fraction, 0.0), 1.0)
            shown.refresh()

        yield progress


@contextmanager
def crawl_meanwhile(
    lines: Sequence[str], words: str, stream: TextIO | None = None
) -> Iterator[Progress]:
    """Roll a star-crawl while the block works; enter, space or escape turns it into a bar."""
    out, stop, said = stream or sys.stderr, threading.Event(), [words]
    with bar(words, out) as plain:
        if not out.isatty():
            yield plain
            return
        crawl = threading.Thread(
            target=star_crawl, args=(lines, stop, out, lambda: said[0]), daemon=True
        )

        def progress(stage: str, fraction: float) -> None:
            said[0] = f"{stage} {fraction:.0%}"
            if not crawl.is_alive():
                plain(stage, fraction)

        crawl.start()
        try:
            yield progress
        finally:
            stop.set()
            crawl.join()


def star_crawl(
    lines: Sequence[str],
    stop: threading.Event,
    stream: TextIO,
    status: Callable[[], str] = str,
) -> None:
    """Roll the lines away until they are gone, `stop` is set or a key is pressed.

    Nothing at all is written where the stream is no TTY.
    """
    if not stream.isatty():
        return
    with _keys() as pressed:
        stream.write(_HIDE)
        try:
            for drawn in range(
                math.ceil((len(lines) + shutil.get_terminal_size().lines) * LINE / FRAME)
            ):
                if stop.is_set() or pressed():
                    break
                width, height = shutil.get_terminal_size()
                text = "\r\n".join(frame(lines, drawn * FRAME / LINE, width, height - 1, status()))
                stream.write(_HOME + text)
                stream.flush()
                stop.wait(FRAME)
        finally:
            stream.write(_SHOW)
            stream.flush()


def frame(
    lines: Sequence[str], risen: float, width: int, height: int, status: str = ""
) -> list[str]:
    """Return one picture: `height` rows of exactly `width` columns, colours aside.

    The text has risen by so many lines from the bottom. Near lines are wide and bright, far ones
    narrow and dim, as if they lay on a plane that leads away.
    """
    sky = height - 1
    rows = [_row(_line(lines, row, risen, sky), row, sky, width) for row in range(sky)]
    return [*rows, _DIM + status[:width].ljust(width) + _PLAIN]


def _line(lines: Sequence[str], row: int, risen: float, sky: int) -> str:
    number = row - sky + math.floor(risen)
    return lines[number] if 0 <= number < len(lines) else ""


def _row(text: str, row: int, sky: int, width: int) -> str:
    nearness = row / max(sky, 1)
    wide = " ".join(text) if nearness > 0.8 and 2 * len(text) <= width else text
    look = _GLOW + (_BOLD if nearness > 0.55 else _DIM if nearness < 0.3 else "")
    centred = wide[:width].center(width)
    if not text.strip():
        return _DIM + _stars(row, width) + _PLAIN
    return look + centred + _PLAIN


def _stars(row: int, width: int) -> str:
    """A sky without chance: the same for everybody, and it does not flicker."""
    return "".join(
        "." if (column * 7919 + row * 104_729) % 97 == 0 else " " for column in range(width)
    )


@contextmanager
def _keys() -> Iterator[Callable[[], bool]]:
    """Give a question: was a key that skips pressed? The terminal is left as it was found."""
    if not sys.stdin.isatty():
        yield lambda: False
        return
    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    try:
        tty.setcbreak(handle)
        yield lambda: _pressed(handle)
    finally:
        with suppress(termios.error):
            termios.tcsetattr(handle, termios.TCSADRAIN, before)


def _pressed(handle: int) -> bool:
    ready, _, _ = select.select([handle], [], [], 0)
    return bool(ready) and os.read(handle, 1) in _SKIP
