"""release: pack a model with its certificate; verify: check one without the store."""

import json
import os
from pathlib import Path
from typing import Any

import click

from app.cli.common import format_option, opened, progress, put, say, table, workspace_option
from app.cli.study.manage import study_option
from app.cli.study.results import check_integrity, judged_now
from app.modeling.batch_export import write_all
from app.modeling.batch_part import Order
from app.presentation.i18n import LANGUAGES
from app.reports.ab_test import Told, tell
from app.reports.html.ab_test import arm_table, as_html, difference_table, sentences
from app.reports.release import CERTIFICATE, check, pack, released
from app.storage.evidence_table import EvidenceTable
from app.workspace.workspace import House
from recsys.ab_test.assignment import Arms
from recsys.errors import BadInputError


@click.command()
@click.argument("exposures")
@click.argument("outcomes")
@click.option("--arms", help="What share each arm was to get: model:45,baseline:45,none:10.")
@click.option(
    "--release",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of what was released: how well did its swipe study foretell this?",
)
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help="Text or one HTML file for people, JSON for machines.",
)
@click.option("--lang", "language", type=click.Choice(list(LANGUAGES)), default="en")
def readout(
    exposures: str, outcomes: str, arms: str | None, release: Path | None, shape: str, language: str
) -> None:
    """Read the A/B test of a carousel: who was shown what, and what they did with those brands.

    EXPOSURES has customer_id and arm, and ts and brand where they are known; OUTCOMES has
    customer_id and event (click, view, purchase), and ts and brand. Look on any day.

    Example: brandswipe readout exposures.csv outcomes.csv --arms model:45,baseline:45,none:10
    """
    told = tell(exposures, outcomes, None if arms is None else planned(arms), release)
    if shape == "html":
        click.echo(as_html(language, told))
    else:
        put(shape, _data(told), _text(language, told))


def planned(arms: str) -> dict[str, float]:
    """Return the shares of arms that are written as name:share,name:share."""
    pairs = [part.rpartition(":") for part in arms.split(",")]
    try:
        shares = {name.strip(): float(share) for name, _, share in pairs}
    except ValueError:
        shares = {}
    if "" in shares or len(shares) < len(pairs) or not all(0 < s < 1e9 for s in shares.values()):
        raise BadInputError(f"--arms {arms} is no plan; write it as --arms model:45,baseline:55.")
    return shares


def _text(language: str, told: Told) -> str:
    tables = [arm_table(language, told.readout), difference_table(language, told.readout)]
    said = [table(list(frame.columns), frame.to_numpy().tolist()) for frame in tables]
    return "\n\n".join([*sentences(language, told), *said])


def _data(told: Told) -> dict[str, Any]:
    said, ratio, before = told.readout, told.readout.ratio, told.foretold
    return {
        "arms": [{"name": a.name, "customers": a.customers, **a.shares} for a in said.arms],
        "differences": [
            {
                "arm": name,
                "measure": measure,
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "reason": found.reason,
            }
            for name, measures in said.differences.items()
            for measure, found in measures.items()
        ],
        "alpha": said.alpha,
        "ratio": None if ratio is None else {"planned": dict(ratio.planned), "off": ratio.off},
        "twice": told.twice,
        "others": told.others,
        "study": told.study,
        "foretold": None if before is None else {"lift": before.lift, "agrees": before.agrees},
    }


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


@click.command()
@study_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("release"),
    show_default=True,
    help="A folder that is not there yet.",
)
@workspace_option
def release(study: str | None, out: Path, workspace: Path | None) -> None:
    """Pack the model of a study, the schema of its lists and a certificate into a folder.

    Only a passing verdict is packed, or one that was overridden with a reason.

    Example: brandswipe release --study autumn --out release
    """
    with opened(workspace) as house:
        check_integrity(house)
        judged = judged_now(house, study)
        folder = pack(house, judged, out)
    click.echo(str(folder))
    say(f"Packed the model of {judged.row.name!r}. Check it with `brandswipe verify {folder}`.")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@format_option
def verify(folder: Path, shape: str) -> None:
    """Check a release folder by itself: exit 0 where it is what was certified, 4 where not.

    Example: brandswipe verify release
    """
    said = check(folder)
    verdict = said["verdict"]
    lines = [
        f"{folder / CERTIFICATE} is whole, and so is the model {said['study']['model'][:8]}.",
        verdict["reason"],
        *(
            f"Overridden by {o['role']}: {o['outcome']}. {o['reason']}"
            for o in verdict["overrides"]
        ),
        said["scope"],
        said["check"],
    ]
    put(shape, json.loads(json.dumps(said)), "\n".join(lines))
