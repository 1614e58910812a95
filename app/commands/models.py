"""fit, rank and evaluate: what the data scientist does with models."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
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
from recsys.offline import Line, best_rival
from recsys.ranking import BrandScore
from recsys.relevance import TASKS
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
@click.option(
    "--weights",
    help="OWN,COLLABORATIVE,POPULARITY, like 1,0.3,0.1. [default: chosen on the log's end]",
)
@format_option
@workspace_option
def fit(
    factors: int,
    alpha: float,
    regularisation: float,
    iterations: int,
    sample: float,
    seed: int,
    weights: str | None,
    shape: str,
    workspace: Path | None,
) -> None:
    """Fit a favourite-brand model on the imported events and save it as a new version.

    Example: brandswipe fit --factors 32 --sample 0.1
    """
    given = Weights() if weights is None else _weights(weights)
    options = FitOptions(factors, alpha, regularisation, iterations, sample, seed, given)
    with opened(workspace) as house, progress() as tell:
        version = refit(house.registry, house.warehouse, house.policy, options, BASELINE, tell)
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
        f"Fitted version {version.name} on {facts['customers']:,} customers in "
        f"{facts['fit_seconds']:g} s."
    )
    say(_weighed(facts["weighed"]))
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
    weights = ", ".join(f"{part.name} {blend['weights'][part.name]:g}" for part in fields(Weights))
    if found["reason"]:
        return f"Weights: {weights}. {found['reason']}"
    fading = [
        f"{what} fades by half in {blend[field]} days"
        for what, field in (("own evidence", "half_life"), ("popularity", "fashion"))
        if blend[field] is not None
    ]
    said = [
        f"Weights: {weights}",
        f"EASE is {blend['ease']:.0%} of the collaborative part",
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
    for task in TASKS:
        say(_against_the_best(done.lines, task))
    say(f"{done.customers:,} customers; intervals are 95% by bootstrap over customers.")


def _evaluation_data(done: Evaluation) -> dict[str, Any]:
    rivals = {task: best_rival(done.lines, task).ranker for task in TASKS}
    return {
        "cut": done.cut,
        "dated": done.dated,
        "customers": done.customers,
        "weighed": asdict(done.blend),
        "best_rival": rivals,
        "lines": [_line_data(line) for line in done.lines],
    }


def _line_data(line: Line) -> dict[str, Any]:
    return {
        "ranker": line.ranker,
        "task": line.task,
        "recall@10": _estimate(line.recall),
        "ndcg@10": _estimate(line.ndcg),
        "mrr@10": _estimate(line.mrr),
        "model_ahead_ndcg@10": _estimate(line.ndcg_ahead),
        "ndcg@10_by_activity": line.by_activity,
        "found_by_fame": line.by_fame,
        "coverage": line.coverage,
        "popularity_bias": line.bias,
        "found_at_place": line.by_place,
        "favourites_found": _estimate(line.favourites),
        "needs_avoided": _estimate(line.avoided),
    }


def _estimate(found: Estimate | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"value": found.value, "low": found.low, "high": found.high, "n": found.n}


_EVALUATED = ("task", "ranker", "n", "recall@10", "NDCG@10", "model ahead by", "MRR@10")
_BESIDE = ("few/some/many", "famous/other", "1st/10th", "coverage", "bias")
_PLANTED = ("favourites", "avoided")


def _evaluation_text(done: Evaluation) -> str:
    planted = any(line.favourites for line in done.lines)
    head = [*_EVALUATED, *_BESIDE, *(_PLANTED if planted else ())]
    return table(head, [_evaluation_row(line)[: len(head)] for line in done.lines])


def _evaluation_row(line: Line) -> list[str]:
    return [
        line.task,
        line.ranker,
        f"{line.ndcg.n:,}",
        _brief(line.recall),
        *(_shown(found) for found in (line.ndcg, line.ndcg_ahead)),
        _brief(line.mrr),
        *(_several(parts.values()) for parts in (line.by_activity, line.by_fame)),
        _several([line.by_place[0], line.by_place[-1]]),
        f"{line.coverage:.1%}",
        "unknown" if line.bias is None else f"{line.bias:+.2f}",
        *(_brief(found) for found in (line.favourites, line.avoided)),
    ]


def _several(values: Iterable[float | None]) -> str:
    return "/".join("-" if value is None else f"{value:.2f}" for value in values)


def _brief(found: Estimate | None) -> str:
    return "-" if found is None or found.value is None else f"{found.value:.3f}"


def _shown(found: Estimate) -> str:
    if found.value is None:
        return "unknown"
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def _against_the_best(lines: Sequence[Line], task: str) -> str:
    rival = best_rival(lines, task)
    what = "Any brand next" if task == "any" else "Brands new to her"
    if rival.ndcg_ahead.value is None:
        return f"{what}: {rival.ndcg_ahead.reason}"
    return (
        f"{what}: ahead of {rival.ranker}, its best rival, by {_shown(rival.ndcg_ahead)} NDCG@10."
    )
