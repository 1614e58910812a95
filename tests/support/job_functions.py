"""Work for the tests of long work."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.workspace.settings import Settings
from recsys.errors import BadInputError

Progress = Callable[[str, float], None]


def nap(settings: Settings, args: dict[str, Any], progress: Progress) -> str:
    """Sleep, and say how nice it is."""
    progress("sleeping", 0.25)
    (settings.workspace / "asleep").write_text(str(os.getpid()))
    time.sleep(args["seconds"])
    progress("sleeping", 1.0)
    return f"slept at niceness {os.nice(0)}"


def stubborn(settings: Settings, args: dict[str, Any], progress: Progress) -> None:
    """Hear no signal that can be unheard, and have a child that hears none either."""
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    (settings.workspace / "child").write_text(str(child.pid))
    nap(settings, args, progress)


def wrong(*_: object) -> None:
    """Fail as a person can cause it."""
    raise BadInputError("There are no events: run brandswipe data ingest first.")


def broken(_: Settings, args: dict[str, Any], __: Progress) -> None:
    """Fail as only we can cause it."""
    Path(args["nothing"])
