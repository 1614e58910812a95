"""study invite: a list of employees becomes invitations in a random order, with letters."""

from collections.abc import Mapping
from pathlib import Path

import click

from app.cli.common import open_workspace, print_message, study_option, workspace_option
from app.study.invitations import (
    check_play_link,
    invite_to_study,
    read_coffee_codes,
    read_invitees,
)
from app.study.results import latest_study
from recsys.errors import BadInputError

FILE_PATH = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("employees", type=FILE_PATH)
@study_option
@click.option("--link", required=True, help="Address of the game, like https://play.example.com.")
@click.option("--columns", help="Columns to keep, separated by commas; the report compares them.")
@click.option("--codes", type=FILE_PATH, help="File of coffee codes, one for each finished deck.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("invitations"),
    show_default=True,
    help="Folder to write the invitations into.",
)
@workspace_option
def invite_command(
    employees: Path,
    study: str | None,
    link: str,
    columns: str | None,
    codes: Path | None,
    out: Path,
    workspace: Path | None,
) -> None:
    """Write the invitations of a study: a random order, mails, chat, poster, reminder, note.

    EMPLOYEES is a CSV file with a column email (or subject, as the login names people). The order
    comes from the seed of the study. The list is locked into the study, before its first card, as
    marks that name nobody. Invite in the order of the list, and send the one reminder to everybody.
    Of the columns that --columns names frequent values are kept: the report compares players with
    the invited people.

    Example: brandswipe study invite EMPLOYEES.csv --link https://play.example.com
    """
    check_play_link(link)
    coffee_codes = read_coffee_codes(codes) if codes else []
    with open_workspace(workspace) as ws:
        invitees = read_invitees(employees, ws.settings.invitation_claim)
        row = latest_study(ws.store, study)
        invitations = invite_to_study(ws, row, invitees, link, columns or "", coffee_codes)
    _write_private_files(out, invitations.files)
    click.echo(str(out))
    print_message(
        f"Invited {invitations.people} people to {row.name!r}, list {invitations.hash[:8]}."
    )
    for name in invitations.dropped_columns:
        print_message(
            f"Column {name!r} is left out: it has no two values with a cell of people each."
        )
    if invitations.warning:
        print_message(invitations.warning)


def _write_private_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write files that only their owner may read, because they hold addresses."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in files.items():
            path = folder / name
            path.touch(mode=0o600)
            path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise BadInputError(
            f"{folder} cannot be written ({error.strerror}): name another folder with --out."
        ) from None
