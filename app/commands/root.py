"""All commands of the terminal, and what each kind of error is worth as an exit code."""

from collections.abc import Sequence
from importlib.metadata import version

import click

from app.commands import (
    accounts,
    carousels,
    data,
    doctor,
    evaluation,
    evidence,
    gate,
    invite,
    keeping,
    models,
    plan,
    privacy,
    readout,
    release,
    report,
    serving,
    simulate,
    study,
    trying,
    versions,
)
from recsys.errors import BrandswipeError, IntegrityError

USAGE, BROKEN = 2, 4


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("brandswipe"), prog_name="brandswipe")
@click.option("--debug", is_flag=True, help="Show the traceback of a crash.")
def cli(debug: bool) -> None:
    """Brandswipe: do people love the brands that a model thinks they love?"""
    del debug  # read in app.cli, where a crash ends


for _command in (
    serving.demo,
    data.plant,
    data.ingest_command,
    evidence.evidence,
    models.fit,
    models.rank,
    evaluation.evaluate,
    versions.models,
    trying.import_lists_,
    trying.what_if,
    trying.similar,
    trying.behave_,
    trying.power_,
    trying.learn,
    accounts.accounts,
    privacy.forget,
    privacy.purge,
    privacy.erase_customer,
    privacy.keys,
    study.study,
    simulate.simulate,
    report.report,
    gate.gate,
    release.release,
    release.verify,
    carousels.carousels,
    readout.readout,
    serving.serve,
    doctor.doctor,
    keeping.backup,
    keeping.restore_command,
):
    cli.add_command(_command)
study.study.add_command(plan.plan_)
study.study.add_command(invite.invite)


def obey(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; a crash is the caller's to end."""
    try:
        return cli.main(list(arguments), prog_name="brandswipe", standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        return USAGE
    except BrandswipeError as error:
        click.echo(str(error), err=True)
        return BROKEN if isinstance(error, IntegrityError) else USAGE
    except click.Abort:
        raise KeyboardInterrupt from None
