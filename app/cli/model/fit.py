"""model fit: fit a model to the imported events and save it as a new version."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from app.cli.common import (
    format_option,
    open_workspace,
    print_message,
    print_output,
    progress_reporter,
    workspace_option,
)
from app.modeling.training import fit_version
from app.operations.job_tasks import offline_evaluator
from app.storage.event_store.window import TrainingWindow
from app.storage.evidence_table import EvidenceTable
from app.storage.model_registry import ModelVersion
from app.workspace.workspace import DEFAULT_BASELINE
from recsys.errors import BadInputError
from recsys.models.hybrid import DEFAULT_SAMPLE_SIZE, FitOptions, ScoreWeights, weights_to_row

DEFAULT_OPTIONS = FitOptions()
HALF_LIFE_FIELDS = (
    ("own evidence", "half_life"),
    ("what others are asked with", "drift"),
    ("popularity", "fashion"),
)


@click.command()
@click.option(
    "--factors",
    type=int,
    default=DEFAULT_OPTIONS.factors,
    show_default=True,
    help="Number of latent factors of ALS.",
)
@click.option(
    "--alpha",
    type=float,
    default=DEFAULT_OPTIONS.alpha,
    show_default=True,
    help="Confidence that ALS gives to each unit of preference.",
)
@click.option(
    "--regularisation",
    type=float,
    default=DEFAULT_OPTIONS.regularization,
    show_default=True,
    help="L2 regularization of ALS.",
)
@click.option(
    "--iterations",
    type=int,
    default=DEFAULT_OPTIONS.iterations,
    show_default=True,
    help="Number of iterations of ALS.",
)
@click.option(
    "--sample",
    type=float,
    show_default=f"{DEFAULT_SAMPLE_SIZE:,} customers, or all",
    help="Share of the customers to learn from.",
)
@click.option(
    "--seed",
    type=int,
    default=DEFAULT_OPTIONS.seed,
    show_default=True,
    help="Random seed of the sample and of ALS.",
)
@click.option(
    "--weights",
    metavar="OWN,COLLABORATIVE,POPULARITY",
    show_default="tuned on the last part of the log",
    help="Weights of the three parts of the score, like 1,0.3,0.1.",
)
@click.option("--events", default="", show_default="the newest", help="Version of the event store.")
@click.option("--since", default="", help="First day of the log to read, like 2026-01-31 (UTC).")
@click.option("--until", default="", help="Last day of the log to read.")
@click.option("--evidence", help="Learn from a table that the warehouse aggregated.")
@click.option(
    "--evaluate",
    is_flag=True,
    help="Run offline evaluation and store the metrics with the model.",
)
@format_option
@workspace_option
def fit_command(
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
    evaluate: bool,
    output_format: str,
    workspace: Path | None,
) -> None:
    """Fit a favourite-brand model to the imported events and save it as a new version.

    Without --weights the parameters of the score are tuned on the last part of the log.

    Example: brandswipe model fit --factors 32 --sample 0.1
    """
    parsed_weights = None if weights is None else _parse_weights(weights)
    options = FitOptions(factors, alpha, regularisation, iterations, sample, seed, parsed_weights)
    if evidence is not None and (events or since or until):
        raise BadInputError(
            "A table of evidence is one whole: leave --events, --since and --until out."
        )
    with open_workspace(workspace) as ws, progress_reporter() as report_progress:
        version = fit_version(
            ws.registry,
            ws.event_store,
            ws.policy,
            options,
            DEFAULT_BASELINE,
            report_progress,
            TrainingWindow(events, since, until),
            offline_evaluator(ws, options) if evaluate else None,
            evidence_table=None if evidence is None else EvidenceTable.open(evidence, ws.is_erased),
        )
    print_output(output_format, {"version": version.hash, **version.facts}, version.name)
    _print_advice(version, ws.policy.balance)


def _parse_weights(weights_text: str) -> ScoreWeights:
    try:
        own, collaborative, popularity = (float(part) for part in weights_text.split(","))
    except ValueError:
        raise BadInputError(
            f"--weights is {weights_text!r}: give three numbers with commas, like 1,0.3,0.1."
        ) from None
    return ScoreWeights(own, collaborative, popularity)


def _print_advice(version: ModelVersion, balance_limit: float) -> None:
    facts = version.facts
    print_message(
        f"Fitted version {version.name} on {facts['customers']:,} of "
        f"{facts['customers_in_store']:,} customers in {facts['fit_seconds']:g} s."
    )
    print_message(_tuning_text(facts["weighed"]))
    if facts.get("evidence", {}).get("unknown"):
        unknown, pairs = facts["evidence"]["unknown"], facts["evidence"]["pairs"]
        print_message(
            f"{unknown:,} of {pairs:,} rows of evidence are of brands that the event store does "
            "not know, and taught nothing: ingest more of the log, or all products with --products."
        )
    balance = facts["balance"]
    if balance is None:
        print_message(
            "No trial deck could be dealt: this log has too few brands, or too short histories."
        )
    elif abs(balance) > balance_limit:
        print_message(
            f"Decoys would differ from picks in popularity by {balance:.2f} standard deviations; "
            f"above {balance_limit:g} a study on this shop stays undecided."
        )
    print_message("Next: brandswipe study open")


def _tuning_text(tuning: Mapping[str, Any]) -> str:
    """Describe the weights of the score and how they were chosen."""
    params = tuning["blend"]
    weights = ", ".join(
        f"{name} {params['weights'][name]:g}" for name in weights_to_row(ScoreWeights())
    )
    if tuning["reason"]:
        return f"Weights: {weights}. {tuning['reason']}"
    half_lives = [
        f"{what} fades by half in {params[field]} days"
        for what, field in HALF_LIFE_FIELDS
        if params[field] is not None
    ]
    parts = [
        f"Weights: {weights}",
        f"of the collaborative part EASE is {params['ease']:.0%} and the nearest brands are "
        f"{params['alike']:.0%}",
        *half_lives,
    ]
    return (
        f"{'; '.join(parts)}. Chosen on {tuning['customers']:,} customers of the log's end: "
        f"NDCG@10 {tuning['any']:.3f} for any brand, {tuning['new']:.3f} for new ones."
    )
