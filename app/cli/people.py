"""Commands on people: link, count, unlink, forget and purge."""

from pathlib import Path

import click

from app.auth.account_linking import read_link_table
from app.auth.identity import all_employee_pseudonyms, badge
from app.cli.common import (
    format_option,
    open_workspace,
    print_message,
    print_output,
    workspace_option,
)
from app.storage.study_db.account_links import LinkMethod
from app.study.privacy import forget_person, purge_expired


@click.command()
@click.argument("table", type=click.Path(path_type=Path, dir_okay=False))
@workspace_option
def link_command(table: Path, workspace: Path | None) -> None:
    """Link employees to customers by the shop's table, in place of its earlier table.

    TABLE is a CSV file with the columns employee (a keyed digest, no name) and customer_id.

    Example: brandswipe people link staff.csv
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


@click.command()
@format_option
@workspace_option
def count_command(output_format: str, workspace: Path | None) -> None:
    """Count the employees who are linked to a shop account, by the method of the link.

    Example: brandswipe people count
    """
    with open_workspace(workspace) as ws:
        counts = ws.account_links.counts_by_method()
    counts_by_method = {way.value: counts.get(way, 0) for way in LinkMethod}
    print_output(
        output_format,
        counts_by_method,
        "\n".join(f"{way}: {n:,}" for way, n in counts_by_method.items()),
    )


@click.command()
@click.argument("subject")
@workspace_option
def unlink_command(subject: str, workspace: Path | None) -> None:
    """Remove the link of one employee. SUBJECT names the employee, as the login does.

    Example: brandswipe people unlink 00u1a2b3
    """
    with open_workspace(workspace) as ws:
        was_linked = ws.account_links.unlink(badge(ws.keys, subject))
        if was_linked:
            ws.store.log_event("an account was unlinked")
    print_message("The link is gone." if was_linked else "Nobody is linked by this subject.")


@click.command()
@click.argument("subject")
@workspace_option
def forget_command(subject: str, workspace: Path | None) -> None:
    """Erase everything that is stored of one employee, also the link to a shop account.

    SUBJECT names the employee, as the login does. Verdicts stay as they are: the scores of closed
    decks are kept, without person or brand.

    Example: brandswipe people forget 00u1a2b3
    """
    with open_workspace(workspace) as ws:
        erased = forget_person(ws.store, all_employee_pseudonyms(ws.keys, subject))
        unlinked = ws.account_links.unlink(badge(ws.keys, subject))
        ws.store.log_event("somebody was forgotten", decks=erased.decks, unlinked=unlinked)
    print_message(
        f"Erased {erased.decks} decks with {erased.swipes} answers{', and a link' * unlinked}."
    )


@click.command()
@workspace_option
def purge_command(workspace: Path | None) -> None:
    """Erase whatever is older than the setting `keep_days`. Each start of the server does it too.

    Example: brandswipe people purge
    """
    with open_workspace(workspace) as ws:
        result = purge_expired(ws)
        days = ws.settings.keep_days
    print_message(
        f"Of {result.people} people with a last visit {days} days ago, {result.decks} decks are "
        f"erased; so are {result.files} files of rows that no import could use."
    )
