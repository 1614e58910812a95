"""carousels: everybody's favourite brands as Parquet, for the shop's own store."""

import os
from pathlib import Path

import click

from app.carousel_parts import Order
from app.carousels import write_all
from app.certificate import released
from app.commands.common import opened, progress, say, workspace_option
from app.evidence_table import EvidenceTable
from app.house import House
from recsys.ab_test.assignment import Arms


@click.command()
@click.option(
    "--model",
    help="Model version or the folder of a release; without it the candidate, else the newest.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("carousels"),
    show_default=True,
    help="A folder that is not there yet, or one of a run that was stopped.",
)
@click.option("--n", type=click.IntRange(1, 100), default=10, show_default=True, help="Brands.")
@click.option("--arms", help="Percent of customers a list, like model:45,baseline:45,none:10.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the arms.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=os.cpu_count() or 1,
    show_default="processors",
    help="Processes side by side; the lists are the same with any number.",
)
@click.option("--evidence", help="List the customers of a table that the warehouse summed up.")
@workspace_option
def carousels(
    model: str | None,
    out: Path,
    n: int,
    arms: str | None,
    seed: int,
    workers: int,
    evidence: str | None,
    workspace: Path | None,
) -> None:
    """Write every customer's favourite brands as Parquet; what was stopped goes on where it was.

    Example: brandswipe carousels --model release --out carousels
    """
    shares = None if arms is None else dict(Arms.read(arms, seed).shares)
    with opened(workspace) as house, progress() as tell:
        version, policy = _asked(house, model)
        table = None if evidence is None else EvidenceTable.open(evidence, house.erased)
        digest = None if table is None else table.digest
        order = Order(version, policy, n, arms=shares, seed=seed, evidence=digest)
        customers = write_all(house, order, out, workers, tell, table)
    click.echo(str(out))
    say(f"{customers:,} customers. Load {out}/part-*.parquet into the shop's own store.")


def _asked(house: House, model: str | None) -> tuple[str, dict[str, object]]:
    """The version and the policy under which it is shown."""
    if model is not None and Path(model).is_dir():
        return released(house, Path(model))
    return house.version(model).hash, house.policy.to_dict()
