"""plant and ingest: a shop that is made up, and one that is not."""

from collections.abc import Sequence
from pathlib import Path

import click

from app.commands.common import opened, progress, say, workspace_option
from app.ingest import Imported, ingest
from app.planting import plant_folder
from recsys.errors import BadInputError


@click.command()
@click.option("--customers", type=click.IntRange(1), default=20_000, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("planted"),
    show_default=True,
    help="Folder to write the shop into.",
)
def plant(customers: int, seed: int, out: Path) -> None:
    """Make up a shop in which every customer's favourite brands are known.

    Example: brandswipe plant --customers 20000 --seed 1 --out planted
    """
    with progress() as tell:
        events = plant_folder(out, customers, seed, tell)
    say(f"Planted {customers:,} customers with {events:,} events in {out}.")
    say(f"Next: brandswipe ingest {out}")


@click.command(name="ingest")
@click.argument("events")
@click.option("--products", help="File of products: titles, prices, release dates, flags.")
@click.option("--brands", help="CSV of brands: name, aliases, sensitive, picture.")
@click.option("--pictures", help="Folder of brand pictures.")
@click.option(
    "--map", "renames", multiple=True, metavar="THEIRS=OURS", help="Rename a column; repeatable."
)
@click.option("--max-bad", type=click.FloatRange(0, 1), default=0.01, show_default=True)
@click.option("--replace", is_flag=True, help="Start the event store anew.")
@workspace_option
def ingest_command(
    events: str,
    products: str | None,
    brands: str | None,
    pictures: str | None,
    renames: Sequence[str],
    max_bad: float,
    replace: bool,
    workspace: Path | None,
) -> None:
    """Import a shop's log: CSV, CSV.gz, JSONL or Parquet; a file, a folder or a glob.

    Example: brandswipe ingest events.parquet --products products.parquet
    """
    with opened(workspace, new=True) as house, progress() as tell:
        done = ingest(
            house.workspace,
            events,
            products=products,
            brands=brands,
            pictures=pictures,
            rename=dict(_pair(text) for text in renames),
            max_bad=max_bad,
            replace=replace,
            progress=tell,
        )
    _tell(done)


def _pair(text: str) -> tuple[str, str]:
    theirs, sign, ours = text.partition("=")
    if not (sign and theirs and ours):
        raise BadInputError(f"--map {text} is no pair; write it as --map THEIRS=OURS.")
    return theirs, ours


def _tell(done: Imported) -> None:
    say(
        f"Imported {done.events:,} events of {done.customers:,} customers; the store knows "
        f"{done.brands:,} brands. {done.without_brand:.1%} of the events have no brand."
    )
    if done.doubles:
        say(f"{done.doubles:,} rows repeated another one and were left out.")
    for reason, count in done.bad.items():
        say(f"Kept out, {reason}: {count:,} rows.")
    for example in done.examples:
        say(f"  {example}")
    if done.rejects is not None and done.bad:
        say(f"All rows that were kept out are in {done.rejects}.")
    for note in done.notes:
        say(note)
    say("Next: brandswipe fit")
