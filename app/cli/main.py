"""The terminal: `brandswipe COMMAND`.

Exit codes: 0 done, 1 held by the gate (and by nothing else), 2 a wrong argument, setting or file,
3 undecided, 4 integrity broken, 70 a crash or an abort.
"""

import errno
import signal
import sys
import traceback
from collections.abc import Sequence

EXIT_CRASH = 70


def run_cli(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        # imported here: Python would end a broken installation with 1, which is the gate's "hold"
        from app.cli.command_tree import invoke_command

        return invoke_command(arguments)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return EXIT_CRASH
    except SystemExit as system_exit:  # of click, where nobody reads our output; of the server
        return EXIT_CRASH if system_exit.code else 0
    except Exception as error:
        return _report_crash(error, "--debug" in arguments)


def _report_crash(error: Exception, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        message = "The disk is full: make room and try again; nothing was lost."
    else:
        message = (
            f"Brandswipe stopped at a fault of its own ({type(error).__name__}: {error}). Nothing "
            "that was stored is lost; `brandswipe --debug COMMAND` shows where."
        )
    print(message, file=sys.stderr)
    return EXIT_CRASH


def main() -> None:
    """Run the command line of this process; SIGTERM stops it as Ctrl-C does."""
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(run_cli(sys.argv[1:]))


def _interrupt(signum: int, frame: object) -> None:
    del signum, frame
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
