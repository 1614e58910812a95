"""accounts: which employee is which customer of the shop."""

from pathlib import Path

import click

from app.auth.account_linking import read_table
from app.auth.identity import badge
from app.cli.common import format_option, opened, put, say, workspace_option
from app.storage.study_db.account_links import Way


@click.group()
def accounts() -> None:
    """Link employees to their shop accounts, without a name in any file."""


@accounts.command("import")
@click.argument("table", type=click.Path(path_type=Path, dir_okay=False))
@workspace_option
def import_table(table: Path, workspace: Path | None) -> None:
    """Put the shop's table of digests and customers in place of its earlier one.

    Example: brandswipe accounts import staff.csv
    """
    links = read_table(table)
    with opened(workspace) as house:
        done = house.accounts.replace_table(links)
        house.store.log("accounts imported", linked=done.linked, left_out=done.left_out)
    say(f"Linked {done.linked:,} employees.")
    if done.left_out:
        say(
            f"Left out {done.left_out:,}: the employee or the customer is linked already, by the "
            "shop's account page."
        )


@accounts.command()
@format_option
@workspace_option
def count(shape: str, workspace: Path | None) -> None:
    """Say how many employees are linked, and how.

    Example: brandswipe accounts count
    """
    with opened(workspace) as house:
        found = house.accounts.counts()
    said = {way.value: found.get(way, 0) for way in Way}
    put(shape, said, "\n".join(f"{way}: {n:,}" for way, n in said.items()))


@accounts.command()
@click.argument("subject")
@workspace_option
def unlink(subject: str, workspace: Path | None) -> None:
    """Take out the link of one employee, by the subject of her login.

    Example: brandswipe accounts unlink 00u1a2b3
    """
    with opened(workspace) as house:
        gone = house.accounts.unlink(badge(house.keys, subject))
        if gone:
            house.store.log("an account was unlinked")
    say("The link is gone." if gone else "Nobody is linked by this subject.")
