"""fit, rank and evaluate: what the data scientist does with models."""

from pathlib import Path
from typing import Any

import click

from app.brain import Stopwatch
from app.commands.common import format_option, opened, progress, put, say, table, workspace_option
from app.evaluation import Evaluation, evaluate_offline
from app.fitting import refit
from app.house import BASELINE, House
from app.reasons import reason
from app.registry import Version
from app.work import options_from
from recsys.errors import BadInputError, NotAllowedError
from recsys.model import FitOptions, Weights
from recsys.offline import Line
from recsys.ranking import BrandScore
from recsys.stats import Estimate

DEFAULT = FitOptions()


@click.command()
@click.option("--factors", type=int, default=DEFAULT.factors, show_default=True)
@click.option("--alpha", type=float, default=DEFAULT.alpha, show_default=True)
@click.option("--regularisation", type=float, default=DEFAULT.regularisation, show_default=True)
@click.option("--iterations", type=int, default=DEFAULT.iterations, show_default=True)
@click.option(
    "--sample", type=float, default=DEFAULT.sample, show_default=True, help="Share of customers."
)
@click.option("--seed", type=int, default=DEFAULT.seed, show_default=True)
@click.option("--own", type=float, default=DEFAULT.weights.own, show_default=True)
@click.option(
    "--collaborative", type=float, default=DEFAULT.weights.collaborative, show_default=True
)
@click.option("--popularity", type=float, default=DEFAULT.weights.popularity, show_default=True)
@format_option
@workspace_option
def fit(
    factors: int,
    alpha: float,
    regularisation: float,
    iterations: int,
    sample: float,
    seed: int,
    own: float,
    collaborative: float,
    popularity: float,
    shape: str,
    workspace: Path | None,
) -> None:
    """Fit a favourite-brand model on the imported events and save it as a new version.

    Example: brandswipe fit --factors 32 --sample 0.1
    """
    weights = Weights(own, collaborative, popularity)
    options = FitOptions(factors, alpha, regularisation, iterations, sample, seed, weights)
    with opened(workspace) as house, progress() as tell:
        version = refit(house.registry, house.warehouse, house.policy, options, BASELINE, tell)
    put(shape, {"version": version.hash, **version.facts}, version.name)
    _advise(version, house.policy.balance)


def _advise(version: Version, limit: float) -> None:
    facts = version.facts
    say(
        f"Fitted version {version.name} on {facts['customers']:,} customers in "
        f"{facts['fit_seconds']:g} s."
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
        brain, watch = house.brain(model), Stopwatch()
        if not brain.warehouse.has(customer):  # without a list: these are people
            raise BadInputError(f"The shop has no customer {customer!r}. Check the number.")
        evidence = brain.evidence_of(customer, watch)
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
    why = {name: getattr(score.why, name) for name in score.why.__slots__}
    return {
        "brand": score.brand,
        "rank": score.rank,
        "score": score.score,
        "reason": reason("en", score.why),
        "why": why,
    }


@click.command()
@click.option("--model", help="Version whose options are judged. [default: as for `rank`]")
@format_option
@workspace_option
def evaluate(model: str | None, shape: str, workspace: Path | None) -> None:
    """Judge a model's options and its rivals on the log's last quarter, which they did not see.

    Example: brandswipe evaluate --format json
    """
    with opened(workspace) as house, progress() as tell:
        options = options_from(house.version(model).meta["options"])
        done = evaluate_offline(house.warehouse, house.policy, options, tell)
    put(shape, _evaluation_data(done), _evaluation_text(done))
    say(f"{done.customers:,} customers; intervals are 95% by bootstrap over customers.")


def _evaluation_data(done: Evaluation) -> dict[str, Any]:
    lines = [
        {
            "ranker": line.ranker,
            "task": line.task,
            "recall@10": _estimate(line.recall),
            "ndcg@10": _estimate(line.ndcg),
            "model_ahead_ndcg@10": _estimate(line.ndcg_ahead),
        }
        for line in done.lines
    ]
    return {"cut": done.cut, "customers": done.customers, "lines": lines}


def _estimate(found: Estimate) -> dict[str, Any]:
    return {"value": found.value, "low": found.low, "high": found.high, "n": found.n}


def _evaluation_text(done: Evaluation) -> str:
    return table(
        ["task", "ranker", "n", "recall@10", "NDCG@10", "model ahead by"],
        [_evaluation_row(line) for line in done.lines],
    )


def _evaluation_row(line: Line) -> list[str]:
    shown = [_shown(found) for found in (line.recall, line.ndcg, line.ndcg_ahead)]
    return [line.task, line.ranker, f"{line.ndcg.n:,}", *shown]


def _shown(found: Estimate) -> str:
    if found.value is None:
        return "unknown"
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"
