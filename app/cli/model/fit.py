"""fit and rank: a model is made, and asked about one customer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from app.cli.common import format_option, opened, progress, put, say, table, workspace_option
from app.modeling.recommender import Stopwatch, load_brain
from app.modeling.training import refit
from app.operations.job_tasks import judge_of
from app.presentation.explanations import reason
from app.storage.event_store.window import Source
from app.storage.evidence_table import EvidenceTable
from app.storage.model_registry import Version
from app.workspace.workspace import BASELINE, House
from recsys.errors import BadInputError, NotAllowedError
from recsys.models.base import BrandScore, why_to_row
from recsys.models.hybrid import ENOUGH_CUSTOMERS, FitOptions, Weights, weights_to_row

DEFAULT = FitOptions()
FADING = (
    ("own evidence", "half_life"),
    ("what others are asked with", "drift"),
    ("popularity", "fashion"),
)


@click.command()
@click.option("--factors", type=int, default=DEFAULT.factors, show_default=True)
@click.option("--alpha", type=float, default=DEFAULT.alpha, show_default=True)
@click.option("--regularisation", type=float, default=DEFAULT.regularisation, show_default=True)
@click.option("--iterations", type=int, default=DEFAULT.iterations, show_default=True)
@click.option(
    "--sample",
    type=float,
    help=f"Share of customers to learn from. [default: {ENOUGH_CUSTOMERS:,} customers, or all]",
)
@click.option("--seed", type=int, default=DEFAULT.seed, show_default=True)
@click.option(
    "--weights",
    help="OWN,COLLABORATIVE,POPULARITY, like 1,0.3,0.1. [default: chosen on the log's end]",
)
@click.option("--events", default="", help="Version of the event store. [default: the newest]")
@click.option("--since", default="", help="First day of the log to read, like 2026-01-31 (UTC).")
@click.option("--until", default="", help="Last day of the log to read.")
@click.option("--evidence", help="Learn from a table that the warehouse summed up.")
@click.option("--evaluate", "evaluated", is_flag=True, help="Keep the offline table with it.")
@format_option
@workspace_option
def fit(
    factors: int,
    alpha: float,
    regularisation: float,
    iterations: int,
    sample: float | None,
    seed: int,
    weights: str | None,
    events: str,
    since: str,
    until: str,
    evidence: str | None,
    evaluated: bool,
    shape: str,
    workspace: Path | None,
) -> None:
    """Fit a favourite-brand model on the imported events and save it as a new version.

    Example: brandswipe fit --factors 32 --sample 0.1
    """
    given = None if weights is None else _weights(weights)
    options = FitOptions(factors, alpha, regularisation, iterations, sample, seed, given)
    if evidence is not None and (events or since or until):
        raise BadInputError(
            "A table of evidence is one whole: leave --events, --since and --until out."
        )
    with opened(workspace) as house, progress() as tell:
        version = refit(
            house.registry,
            house.warehouse,
            house.policy,
            options,
            BASELINE,
            tell,
            Source(events, since, until),
            judge_of(house, options) if evaluated else None,
            table=None if evidence is None else EvidenceTable.open(evidence, house.erased),
        )
    put(shape, {"version": version.hash, **version.facts}, version.name)
    _advise(version, house.policy.balance)


def _weights(said: str) -> Weights:
    try:
        own, collaborative, popularity = (float(part) for part in said.split(","))
    except ValueError:
        raise BadInputError(
            f"--weights is {said!r}: give three numbers with commas, like 1,0.3,0.1."
        ) from None
    return Weights(own, collaborative, popularity)


def _advise(version: Version, limit: float) -> None:
    facts = version.facts
    say(
        f"Fitted version {version.name} on {facts['customers']:,} of "
        f"{facts['customers_in_store']:,} customers in {facts['fit_seconds']:g} s."
    )
    say(_weighed(facts["weighed"]))
    if facts.get("evidence", {}).get("unknown"):
        unknown, pairs = facts["evidence"]["unknown"], facts["evidence"]["pairs"]
        say(
            f"{unknown:,} of {pairs:,} rows of evidence are of brands that the event store does "
            "not know, and taught nothing: ingest more of the log, or all products with --products."
        )
    balance = facts["balance"]
    if balance is None:
        say("No trial deck could be dealt: this log has too few brands, or too short histories.")
    elif abs(balance) > limit:
        say(
            f"Decoys would differ from picks in popularity by {balance:.2f} standard deviations; "
            f"above {limit:g} a study on this shop stays undecided."
        )
    say("Next: brandswipe study open")


def _weighed(found: Mapping[str, Any]) -> str:
    """How the parts are weighed, and why so."""
    blend = found["blend"]
    weights = ", ".join(f"{name} {blend['weights'][name]:g}" for name in weights_to_row(Weights()))
    if found["reason"]:
        return f"Weights: {weights}. {found['reason']}"
    fading = [
        f"{what} fades by half in {blend[field]} days"
        for what, field in FADING
        if blend[field] is not None
    ]
    said = [
        f"Weights: {weights}",
        f"of the collaborative part EASE is {blend['ease']:.0%} and the nearest brands are "
        f"{blend['alike']:.0%}",
        *fading,
    ]
    return (
        f"{'; '.join(said)}. Chosen on {found['customers']:,} customers of the log's end: "
        f"NDCG@10 {found['any']:.3f} for any brand, {found['new']:.3f} for new ones."
    )


@click.command()
@click.argument("customer")
@click.option("--n", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--model", help="Model version; without it the candidate, else the newest.")
@format_option
@workspace_option
def rank(customer: str, n: int, model: str | None, shape: str, workspace: Path | None) -> None:
    """Compute one customer's favourite brands now, with the reasons.

    Example: brandswipe rank c0000042 --format json
    """
    with opened(workspace) as house:
        _must_not_be_linked(house, customer)
        brain, watch = load_brain(house, model), Stopwatch()
        stored = house.stored_id(customer)
        if not brain.warehouse.has(stored):  # without a list: these are people
            raise BadInputError(f"The shop has no customer {customer!r}. Check the number.")
        evidence = brain.evidence_of(stored, watch)
        with watch.stage(f"ranking {len(brain.catalogue.brands)} brands"):
            ranked = brain.rank(evidence, n)
    data = {
        "model": brain.version,
        "brands": [_score_data(score) for score in ranked],
        "milliseconds": watch.stages,
    }
    rows = [(s.rank, s.brand, f"{s.score:.3f}", reason("en", s.why)) for s in ranked]
    put(shape, data, table(["rank", "brand", "score", "why"], rows))


def _must_not_be_linked(house: House, customer: str) -> None:
    """A colleague's brands are for her own eyes."""
    if house.accounts.is_linked(customer):
        house.store.log("rank refused", why="a linked account")
        raise NotAllowedError("This account is a colleague's: only she sees its brands, in Play.")


def _score_data(score: BrandScore) -> dict[str, Any]:
    return {
        "brand": score.brand,
        "rank": score.rank,
        "score": score.score,
        "reason": reason("en", score.why),
        "why": why_to_row(score.why),
    }
