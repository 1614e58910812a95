"""The tree of commands, and how one of them ends: with 0, or with the code of its error."""

from collections.abc import Sequence
from importlib.metadata import version

import click

from app.cli import admin, data, doctor, people, release, serve
from app.cli.model import evaluate, fit, inspect, versions
from app.cli.study import invite, manage, plan, results
from recsys.errors import BrandswipeError, IntegrityError

EXIT_USAGE, EXIT_INTEGRITY = 2, 4


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("brandswipe"), prog_name="brandswipe")
@click.option("--debug", is_flag=True, help="Show the traceback of a crash.")
def cli(debug: bool) -> None:
    """Brandswipe: do people love the brands that a model thinks they love?"""
    del debug  # read in app.cli.main, where a crash ends


for _command in (
    serve.demo,
    data.plant,
    data.ingest_command,
    data.evidence,
    fit.fit,
    fit.rank,
    evaluate.evaluate,
    versions.models,
    inspect.import_lists_command,
    inspect.what_if,
    inspect.similar,
    inspect.behavioral_tests_command,
    inspect.power_command,
    inspect.learn,
    people.accounts,
    admin.forget,
    admin.purge,
    admin.erase_customer,
    admin.keys,
    manage.study,
    results.simulate,
    results.report,
    results.gate,
    release.release,
    release.verify,
    release.carousels,
    release.readout,
    serve.serve,
    doctor.doctor,
    admin.backup,
    admin.restore_command,
):
    cli.add_command(_command)
manage.study.add_command(plan.plan_command)
manage.study.add_command(invite.invite)


def invoke_command(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; a crash is the caller's to end."""
    try:
        return cli.main(list(arguments), prog_name="brandswipe", standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except BrandswipeError as error:
        click.echo(str(error), err=True)
        return EXIT_INTEGRITY if isinstance(error, IntegrityError) else EXIT_USAGE
    except click.Abort:
        raise KeyboardInterrupt from None
