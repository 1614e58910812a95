"""model import: another system's lists become a version that people can judge."""

from pathlib import Path

import click

from app.cli.common import (
    format_option,
    open_workspace,
    print_message,
    print_output,
    progress_reporter,
    workspace_option,
)
from app.modeling.import_lists import MAX_BAD_SHARE, import_lists, imported_to_row


@click.command()
@click.argument("lists", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Tag of the new version, like shop-search-2026.")
@click.option(
    "--max-bad",
    type=click.FloatRange(0, 1),
    default=MAX_BAD_SHARE,
    show_default=True,
    help="Refuse the lists if the share of bad rows is larger.",
)
@format_option
@workspace_option
def import_command(
    lists: Path, name: str, max_bad: float, output_format: str, workspace: Path | None
) -> None:
    """Import the lists of any other system as a model version that people can judge.

    LISTS is a Parquet file with the columns customer, brand and score.

    Example: brandswipe model import LISTS.parquet --name theirs
    """
    with open_workspace(workspace) as ws, progress_reporter() as report_progress:
        result = import_lists(ws, lists, name, report_progress, max_bad)
    version = result.version
    print_output(output_format, imported_to_row(result), version.name)
    print_message(
        f"Registered {result.customers:,} lists, {result.rows:,} rows, as {version.name} ({name})."
    )
    for exclusion, rows in result.dropped_rows.items():
        if rows:
            print_message(f"Left out, {exclusion}: {rows:,} rows.")
    if result.short_list_share:
        print_message(
            f"{result.short_list_share:.0%} of the lists are shorter than a deck's picks and "
            "are filled up with popular brands: longer lists are judged more fairly."
        )
    print_message(f"Next: brandswipe study open --model {name}")
