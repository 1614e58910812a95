"""plant and ingest: a shop that is made up, and one that is not."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from app.cli.common import open_workspace, print_message, progress_reporter, workspace_option
from app.storage.event_store.customer_ids import IdStorage
from app.storage.ingest.pipeline import IngestResult, ingest
from app.storage.warehouse.engines import export_evidence, fetched_events, is_address
from app.storage.warehouse.export_sql import evidence_statement, export_statement
from app.storage.warehouse.schemas.dialects import DIALECTS
from app.storage.warehouse.schemas.registry import AUTO, SCHEMAS
from app.workspace.planted_shop import write_planted_shop
from app.workspace.policies import default_policy
from recsys.errors import BadInputError


@click.command()
@click.argument("address", required=False)
@click.option("--schema", type=click.Choice([AUTO, *SCHEMAS]), default=AUTO, show_default=True)
@click.option(
    "--print-sql",
    "engine",
    type=click.Choice(list(DIALECTS)),
    help="Run nothing; print the query that sums --schema up in this engine.",
)
@click.option("--table", help="The table of events, as the engine spells it.")
@click.option(
    "--products", help="A table with our columns of products: list prices and release dates."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("evidence.parquet"),
    show_default=True,
    help="The file that an engine's answer is written into.",
)
def evidence(
    address: str | None,
    schema: str,
    engine: str | None,
    table: str | None,
    products: str | None,
    out: Path,
) -> None:
    """Sum a log up in the shop's own warehouse: a row for each customer and brand comes back.

    Example: brandswipe evidence --print-sql bigquery --schema ga4
    """
    sensitive = default_policy().sensitive
    if engine is not None:
        click.echo(evidence_statement(engine, require_schema(schema), table, sensitive, products))
        return
    if address is None or not is_address(address):
        raise BadInputError(
            "Which warehouse? Give an address like postgres://USER@HOST/DATABASE, or --print-sql."
        )
    export_evidence(address, table, schema, sensitive, products, out)
    click.echo(str(out))
    print_message(f"Next: brandswipe fit --evidence {out}")


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
    with progress_reporter() as report_progress:
        events = write_planted_shop(out, customers, seed, report_progress)
    print_message(f"Planted {customers:,} customers with {events:,} events in {out}.")
    print_message(f"Next: brandswipe ingest {out}")


@click.command(name="ingest")
@click.argument("events", required=False)
@click.option(
    "--schema",
    type=click.Choice([AUTO, *SCHEMAS]),
    default=AUTO,
    show_default=True,
    help="What the files are: our own columns are known by themselves.",
)
@click.option(
    "--print-sql",
    "engine",
    type=click.Choice(list(DIALECTS)),
    help="Import nothing; print the query that exports --schema from this engine.",
)
@click.option("--table", help="The table that --print-sql or an engine's address reads.")
@click.option("--products", help="File of products: titles, prices, release dates, flags.")
@click.option("--brands", help="CSV of brands: name, aliases, sensitive, picture.")
@click.option("--pictures", help="Folder of brand pictures.")
@click.option(
    "--map", "renames", multiple=True, metavar="THEIRS=OURS", help="Rename a column; repeatable."
)
@click.option("--max-bad", type=click.FloatRange(0, 1), default=0.01, show_default=True)
@click.option("--replace", is_flag=True, help="Start the event store anew.")
@click.option("--append", is_flag=True, help="Add to the event store, which must be there.")
@click.option(
    "--ids",
    type=click.Choice([ids.value for ids in IdStorage]),
    help="Customer ids as they are, or hashed under the customer key. [default: keep]",
)
@workspace_option
def ingest_command(
    events: str | None,
    schema: str,
    engine: str | None,
    table: str | None,
    products: str | None,
    brands: str | None,
    pictures: str | None,
    renames: Sequence[str],
    max_bad: float,
    replace: bool,
    append: bool,
    ids: str | None,
    workspace: Path | None,
) -> None:
    """Import a shop's log: CSV, CSV.gz, JSONL or Parquet; a file, a folder, a glob or an engine.

    Example: brandswipe ingest events.parquet --products products.parquet
    """
    if engine is not None:
        click.echo(export_statement(engine, require_schema(schema), table))
        return
    if events is None:
        raise BadInputError("Which events? Give a file, a folder, a glob or an engine's address.")
    if replace and append:
        raise BadInputError("--append adds to the store and --replace starts it anew; give one.")
    with (
        open_workspace(workspace, create=True) as ws,
        progress_reporter() as report_progress,
        ExitStack() as stack,
    ):
        if is_address(events):
            events = str(stack.enter_context(fetched_events(ws.folder, events, table, schema)))
            schema = AUTO
        result = ingest(
            ws.folder,
            events,
            products=products,
            brands=brands,
            pictures=pictures,
            rename=dict(_parse_column_mapping(text) for text in renames),
            max_bad=max_bad,
            replace=replace,
            append=append,
            schema=schema,
            progress=report_progress,
            id_storage=None if ids is None else IdStorage(ids),
            customer_ids=ws.customer_ids,
        )
    _print_import(result)


def require_schema(schema: str) -> str:
    """Return a schema that was named: a query is printed before anybody looks at a table."""
    if schema == AUTO:
        raise BadInputError(f"--print-sql needs --schema, one of: {', '.join(SCHEMAS)}.")
    return schema


def _parse_column_mapping(text: str) -> tuple[str, str]:
    source_column, separator, target_column = text.partition("=")
    if not (separator and source_column and target_column):
        raise BadInputError(f"--map {text} is no pair; write it as --map THEIRS=OURS.")
    return source_column, target_column


def _print_import(result: IngestResult) -> None:
    print_message(
        f"Imported {result.events:,} events of {result.customers:,} customers; the store knows "
        f"{result.brands:,} brands. {result.without_brand:.1%} of the events have no brand."
    )
    if result.erased:
        print_message(
            f"{result.erased:,} customers were erased from this shop before, and are left out."
        )
    if result.duplicates:
        print_message(f"{result.duplicates:,} rows repeated another one and were left out.")
    if result.already_stored:
        print_message(
            f"{result.already_stored:,} rows were in the store already and were left out."
        )
    if result.late:
        print_message(
            f"{result.late:,} events came late: older than the newest of the store, put in place."
        )
    for reason, count in result.bad.items():
        print_message(f"Kept out, {reason}: {count:,} rows.")
    for example in result.examples:
        print_message(f"  {example}")
    if result.rejects is not None and result.bad:
        print_message(f"All rows that were kept out are in {result.rejects}.")
    for note in result.notes:
        print_message(note)
    print_message("Next: brandswipe fit")
