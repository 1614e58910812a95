"""The terminal: `brandswipe COMMAND`.

Exit codes: 0 done, 1 held by the gate (and by nothing else), 2 a wrong argument, setting or file,
3 undecided, 4 integrity broken, 70 a crash or an abort.
"""

import errno
import signal
import sys
import traceback
from collections.abc import Sequence

CRASH = 70


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        from app.commands.root import obey  # here: Python would end a broken installation with 1

        return obey(arguments)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return CRASH
    except SystemExit as stop:  # click's where whoever read our output has gone; the server's
        return CRASH if stop.code else 0
    except Exception as error:
        return _crashed(error, "--debug" in arguments)


def _crashed(error: Exception, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        sentence = "The disk is full: make room and try again; nothing was lost."
    else:
        sentence = (
            f"Brandswipe stopped at a fault of its own ({type(error).__name__}: {error}). Nothing "
            "that was stored is lost; `brandswipe --debug COMMAND` shows where."
        )
    print(sentence, file=sys.stderr)
    return CRASH


def main() -> None:
    """Run the command line of this process; SIGTERM stops it as Ctrl-C does."""
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(run(sys.argv[1:]))


def _stop(number: int, frame: object) -> None:
    del number, frame
    raise KeyboardInterrupt
