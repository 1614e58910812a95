"""fit and rank: a model is made, and asked about one customer."""

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
    text_table,
    workspace_option,
)
from app.modeling.recommender import Stopwatch, load_recommender
from app.modeling.training import fit_version
from app.operations.job_tasks import offline_evaluator
from app.presentation.explanations import explanation_text
from app.storage.event_store.window import TrainingWindow
from app.storage.evidence_table import EvidenceTable
from app.storage.model_registry import ModelVersion
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.errors import BadInputError, NotAllowedError
from recsys.models.base import BrandScore, explanation_to_row
from recsys.models.hybrid import DEFAULT_SAMPLE_SIZE, FitOptions, ScoreWeights, weights_to_row
from recsys.progress import ranking_stage

DEFAULT_OPTIONS = FitOptions()
HALF_LIFE_FIELDS = (
    ("own evidence", "half_life"),
    ("what others are asked with", "drift"),
    ("popularity", "fashion"),
)


@click.command()
@click.option("--factors", type=int, default=DEFAULT_OPTIONS.factors, show_default=True)
@click.option("--alpha", type=float, default=DEFAULT_OPTIONS.alpha, show_default=True)
@click.option(
    "--regularisation", type=float, default=DEFAULT_OPTIONS.regularization, show_default=True
)
@click.option("--iterations", type=int, default=DEFAULT_OPTIONS.iterations, show_default=True)
@click.option(
    "--sample",
    type=float,
    help=f"Share of customers to learn from. [default: {DEFAULT_SAMPLE_SIZE:,} customers, or all]",
)
@click.option("--seed", type=int, default=DEFAULT_OPTIONS.seed, show_default=True)
@click.option(
    "--weights",
    help="OWN,COLLABORATIVE,POPULARITY, like 1,0.3,0.1. [default: chosen on the log's end]",
)
@click.option("--events", default="", help="Version of the event store. [default: the newest]")
@click.option("--since", default="", help="First day of the log to read, like 2026-01-31 (UTC).")
@click.option("--until", default="", help="Last day of the log to read.")
@click.option("--evidence", help="Learn from a table that the warehouse summed up.")
@click.option("--evaluate", "evaluate", is_flag=True, help="Keep the offline table with it.")
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
    evaluate: bool,
    output_format: str,
    workspace: Path | None,
) -> None:
    """Fit a favourite-brand model on the imported events and save it as a new version.

    Example: brandswipe fit --factors 32 --sample 0.1
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
    """How the parts are weighed, and why so."""
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


@click.command()
@click.argument("customer")
@click.option("--n", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--model", help="Model version; without it the candidate, else the newest.")
@format_option
@workspace_option
def rank(
    customer: str, n: int, model: str | None, output_format: str, workspace: Path | None
) -> None:
    """Compute one customer's favourite brands now, with the reasons.

    Example: brandswipe rank c0000042 --format json
    """
    with open_workspace(workspace) as ws:
        _refuse_linked_account(ws, customer)
        recommender, stopwatch = load_recommender(ws, model), Stopwatch()
        stored_id = ws.stored_id(customer)
        if not recommender.event_store.has_customer(stored_id):  # without a list: these are people
            raise BadInputError(f"The shop has no customer {customer!r}. Check the number.")
        evidence = recommender.evidence_of(stored_id, stopwatch)
        with stopwatch.stage(ranking_stage(len(recommender.catalog.brands))):
            scores = recommender.rank(evidence, n)
    data = {
        "model": recommender.version,
        "brands": [_score_data(score) for score in scores],
        "milliseconds": stopwatch.stages,
    }
    rows = [
        (s.rank, s.brand, f"{s.score:.3f}", explanation_text("en", s.explanation)) for s in scores
    ]
    print_output(output_format, data, text_table(["rank", "brand", "score", "why"], rows))


def _refuse_linked_account(workspace: Workspace, customer: str) -> None:
    """A colleague's brands are for her own eyes."""
    if workspace.account_links.is_linked(customer):
        workspace.store.log_event("rank refused", why="a linked account")
        raise NotAllowedError("This account is a colleague's: only she sees its brands, in Play.")


def _score_data(score: BrandScore) -> dict[str, Any]:
    return {
        "brand": score.brand,
        "rank": score.rank,
        "score": score.score,
        "reason": explanation_text("en", score.explanation),
        "why": explanation_to_row(score.explanation),
    }
