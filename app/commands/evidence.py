"""evidence: past one machine the warehouse sums up, and a row a customer and brand comes back."""

from pathlib import Path

import click

from app.commands.common import say
from app.commands.data import named
from app.engines import is_address, summed
from app.importing.exporting import evidence_statement
from app.importing.schemas.dialects import DIALECTS
from app.importing.schemas.known import AUTO, SCHEMAS
from app.policies import default_policy
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
    hidden = default_policy().sensitive
    if engine is not None:
        click.echo(evidence_statement(engine, named(schema), table, hidden, products))
        return
    if address is None or not is_address(address):
        raise BadInputError(
            "Which warehouse? Give an address like postgres://USER@HOST/DATABASE, or --print-sql."
        )
    summed(address, table, schema, hidden, products, out)
    click.echo(str(out))
    say(f"Next: brandswipe fit --evidence {out}")
