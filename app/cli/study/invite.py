"""study invite: a list of employees becomes invitations in a random order, with their papers."""

from collections.abc import Mapping
from pathlib import Path

import click

from app.cli.common import open_workspace, print_message, workspace_option
from app.cli.study.manage import study_option
from app.study.invitations import check_play_link, read_coffee_codes, read_invitees
from app.study.invitations import invite_to_study as send
from app.study.results import latest_study
from recsys.errors import BadInputError

FILE_PATH = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("employees", type=FILE_PATH)
@study_option
@click.option("--link", required=True, help="Where colleagues open the game: https://...")
@click.option("--columns", help="Columns to keep, with commas: players are compared on them.")
@click.option(
    "--codes", type=FILE_PATH, help="Coffee codes, one a line: one for each finished deck."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("invitations"),
    show_default=True,
    help="Folder for what is written.",
)
@workspace_option
def invite(
    employees: Path,
    study: str | None,
    link: str,
    columns: str | None,
    codes: Path | None,
    out: Path,
    workspace: Path | None,
) -> None:
    """Write the invitations of a study: a random order, mails, chat, poster, reminder, note.

    EMPLOYEES is a CSV with a column email (or subject, as the login names people). The order comes
    from the study's seed. The list is locked into the study, before its first card, as marks that
    name nobody; invite in the order of the list, and send the one reminder to everybody. Of columns
    named with --columns frequent values are kept: the report compares players with the invited.

    Example: brandswipe study invite EMPLOYEES.csv --link https://play.example.com
    """
    check_play_link(link)
    coffee_codes = read_coffee_codes(codes) if codes else []
    with open_workspace(workspace) as ws:
        invitees = read_invitees(employees, ws.settings.invitation_claim)
        row = latest_study(ws.store, study)
        invitations = send(ws, row, invitees, link, columns or "", coffee_codes)
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
    """Write addresses for the owner's eyes alone."""
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
