"""Commands on a shop's events: ingest, aggregate, generate and erase-customer."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from app.cli.common import open_workspace, print_message, progress_reporter, workspace_option
from app.storage.event_store.customer_ids import IdStorage
from app.storage.event_store.erasure import erase_from_event_store
from app.storage.ingest.pipeline import IngestResult, ingest
from app.storage.ingest.rejects import erase_from_rejects
from app.storage.warehouse.engines import export_evidence, fetched_events, is_address
from app.storage.warehouse.export_sql import evidence_statement, export_statement
from app.storage.warehouse.schemas.dialects import DIALECTS
from app.storage.warehouse.schemas.registry import AUTO, SCHEMAS
from app.workspace.planted_shop import write_planted_shop
from app.workspace.policies import default_policy
from recsys.errors import BadInputError

schema_option = click.option(
    "--schema",
    type=click.Choice([AUTO, *SCHEMAS]),
    default=AUTO,
    show_default=True,
    help="Schema of the log; `auto` detects it from the columns.",
)


@click.command()
@click.argument("events", required=False)
@schema_option
@click.option(
    "--print-sql",
    "engine",
    type=click.Choice(list(DIALECTS)),
    help="Print the query that exports --schema from this engine, and import nothing.",
)
@click.option("--table", help="Table that --print-sql or the address of an engine reads.")
@click.option("--products", help="File of products: titles, prices, release dates and flags.")
@click.option("--brands", help="CSV file of brands: names, aliases, sensitive flags and pictures.")
@click.option("--pictures", help="Folder of brand pictures.")
@click.option(
    "--map", "renames", multiple=True, metavar="THEIRS=OURS", help="Rename a column; repeatable."
)
@click.option(
    "--max-bad",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    help="Stop the import if the share of bad rows is larger.",
)
@click.option("--replace", is_flag=True, help="Start a new event store in place of the old one.")
@click.option("--append", is_flag=True, help="Add to the event store, which must exist.")
@click.option(
    "--ids",
    type=click.Choice([ids.value for ids in IdStorage]),
    show_default="as in the store, else keep",
    help="Keep customer ids as they are, or hash them under the customer key.",
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
    """Import the events of a shop into the event store of the workspace.

    EVENTS is a file (CSV, CSV.gz, JSONL or Parquet), a folder, a glob, or the address of a
    warehouse such as postgres://USER@HOST/DATABASE. Bad rows are counted by reason and kept in a
    file.

    Example: brandswipe data ingest events.parquet --products products.parquet
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
    print_message("Next: brandswipe model fit")


@click.command()
@click.argument("address", required=False)
@schema_option
@click.option(
    "--print-sql",
    "engine",
    type=click.Choice(list(DIALECTS)),
    help="Print the query that aggregates --schema in this engine, and run nothing.",
)
@click.option("--table", help="Table of events, as the engine spells it.")
@click.option("--products", help="Table of products with our columns: list prices and releases.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("evidence.parquet"),
    show_default=True,
    help="File to write the evidence into.",
)
def aggregate_command(
    address: str | None,
    schema: str,
    engine: str | None,
    table: str | None,
    products: str | None,
    out: Path,
) -> None:
    """Aggregate a log in the shop's own warehouse into evidence: a row per customer and brand.

    ADDRESS is a warehouse such as postgres://USER@HOST/DATABASE.

    Example: brandswipe data aggregate --print-sql bigquery --schema ga4
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
    print_message(f"Next: brandswipe model fit --evidence {out}")


@click.command()
@click.option(
    "--customers",
    type=click.IntRange(1),
    default=20_000,
    show_default=True,
    help="Number of customers to generate.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Random seed of the shop."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("planted"),
    show_default=True,
    help="Folder to write the shop into.",
)
def generate_command(customers: int, seed: int, out: Path) -> None:
    """Generate a shop in which the favourite brands of every customer are known.

    Example: brandswipe data generate --customers 20000 --seed 1 --out planted
    """
    with progress_reporter() as report_progress:
        events = write_planted_shop(out, customers, seed, report_progress)
    print_message(f"Planted {customers:,} customers with {events:,} events in {out}.")
    print_message(f"Next: brandswipe data ingest {out}")


@click.command()
@click.argument("customer")
@workspace_option
def erase_customer_command(customer: str, workspace: Path | None) -> None:
    """Erase a customer of the shop from all events, from rejected rows and from the link table.

    A tombstone stays, so that a later import leaves this customer out and says so. Models that
    were fitted with these events stay until you fit again; backups are yours to erase.

    Example: brandswipe data erase-customer c0000042
    """
    with open_workspace(workspace) as ws:
        tombstone = ws.customer_ids.tombstone(customer)
        erased_events = erase_from_event_store(ws.folder, ws.stored_id(customer), tombstone)
        erase_from_rejects(ws.folder, customer)
        ws.account_links.unlink_customer(customer)
        ws.store.log_event("a customer was erased", events=erased_events)
    print_message(
        f"Erased {erased_events:,} events. An import of files that name this customer leaves "
        "them out."
    )


def require_schema(schema: str) -> str:
    """Return the schema. Raise BadInputError for AUTO: no table is read to detect it."""
    if schema == AUTO:
        raise BadInputError(f"--print-sql needs --schema, one of: {', '.join(SCHEMAS)}.")
    return schema
