"""study invite: a list of employees becomes invitations in a random order, with their papers."""

from collections.abc import Mapping
from pathlib import Path

import click

from app.cli.common import opened, say, workspace_option
from app.cli.study.manage import study_option
from app.study.invitations import check_link, read_codes, read_list
from app.study.invitations import invite as send
from app.study.results import newest
from recsys.errors import BadInputError

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("employees", type=FILE)
@study_option
@click.option("--link", required=True, help="Where colleagues open the game: https://...")
@click.option("--columns", help="Columns to keep, with commas: players are compared on them.")
@click.option("--codes", type=FILE, help="Coffee codes, one a line: one for each finished deck.")
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
    check_link(link)
    pool = read_codes(codes) if codes else []
    with opened(workspace) as house:
        people = read_list(employees, house.settings.listed_by)
        row = newest(house.store, study)
        sent = send(house, row, people, link, columns or "", pool)
    _write(out, sent.papers)
    click.echo(str(out))
    say(f"Invited {sent.people} people to {row.name!r}, list {sent.hash[:8]}.")
    for name in sent.left_out:
        say(f"Column {name!r} is left out: it has no two values with a cell of people each.")
    if sent.warning:
        say(sent.warning)


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Write addresses for the owner's eyes alone."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, words in files.items():
            path = folder / name
            path.touch(mode=0o600)
            path.write_text(words, encoding="utf-8")
    except OSError as error:
        raise BadInputError(
            f"{folder} cannot be written ({error.strerror}): name another folder with --out."
        ) from None
