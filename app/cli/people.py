"""accounts: which employee is which customer of the shop."""

from pathlib import Path

import click

from app.auth.account_linking import read_link_table
from app.auth.identity import badge
from app.cli.common import (
    format_option,
    open_workspace,
    print_message,
    print_output,
    workspace_option,
)
from app.storage.study_db.account_links import LinkMethod


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
    links = read_link_table(table)
    with open_workspace(workspace) as ws:
        result = ws.account_links.replace_table(links)
        ws.store.log_event("accounts imported", linked=result.linked, left_out=result.skipped)
    print_message(f"Linked {result.linked:,} employees.")
    if result.skipped:
        print_message(
            f"Left out {result.skipped:,}: the employee or the customer is linked already, by the "
            "shop's account page."
        )


@accounts.command()
@format_option
@workspace_option
def count(output_format: str, workspace: Path | None) -> None:
    """Say how many employees are linked, and how.

    Example: brandswipe accounts count
    """
    with open_workspace(workspace) as ws:
        counts = ws.account_links.counts_by_method()
    counts_by_method = {way.value: counts.get(way, 0) for way in LinkMethod}
    print_output(
        output_format,
        counts_by_method,
        "\n".join(f"{way}: {n:,}" for way, n in counts_by_method.items()),
    )


@accounts.command()
@click.argument("subject")
@workspace_option
def unlink(subject: str, workspace: Path | None) -> None:
    """Take out the link of one employee, by the subject of her login.

    Example: brandswipe accounts unlink 00u1a2b3
    """
    with open_workspace(workspace) as ws:
        was_linked = ws.account_links.unlink(badge(ws.keys, subject))
        if was_linked:
            ws.store.log_event("an account was unlinked")
    print_message("The link is gone." if was_linked else "Nobody is linked by this subject.")
