"""The terminal: `brandswipe COMMAND`.

Exit codes: 0 done, 1 held by the gate (and by nothing else), 2 a wrong argument, setting or file,
3 undecided, 4 integrity broken, 70 a crash or an abort.
"""

import errno
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version

import click

from app.commands import data, models, serving, study
from recsys.errors import BrandswipeError, IntegrityError

USAGE, BROKEN, CRASH = 2, 4, 70


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("brandswipe"), prog_name="brandswipe")
@click.option("--debug", is_flag=True, help="Show the traceback of a crash.")
def cli(debug: bool) -> None:
    """Brandswipe: do people love the brands that a model thinks they love?"""
    del debug  # read in main, where a crash ends


for _command in (
    serving.demo,
    data.plant,
    data.ingest_command,
    models.fit,
    models.rank,
    models.evaluate,
    study.study,
    study.simulate,
    study.report,
    study.gate,
    serving.serve,
):
    cli.add_command(_command)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        return cli.main(args=list(arguments), standalone_mode=False) or 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return CRASH
    except BrandswipeError as error:
        click.echo(str(error), err=True)
        return BROKEN if isinstance(error, IntegrityError) else USAGE
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone
        return CRASH
    except Exception as error:
        return _crashed(error, "--debug" in arguments)


def _crashed(error: Exception, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        click.echo("The disk is full: make room and try again; nothing was lost.", err=True)
    else:
        click.echo(
            f"Brandswipe stopped at a fault of its own ({type(error).__name__}: {error}). Nothing "
            "that was stored is lost; `brandswipe --debug COMMAND` shows where.",
            err=True,
        )
    return CRASH


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))
