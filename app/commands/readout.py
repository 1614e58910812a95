"""readout: the A/B test of a released carousel."""

from pathlib import Path
from typing import Any

import click

from app.board.readout import arm_table, as_html, difference_table, sentences
from app.commands.common import put, table
from app.readout import Told, tell
from app.words import LANGUAGES
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
