"""evaluate: a model's options and its rivals on the log's end, and groups of it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from app.cli.common import format_option, opened, progress, put, say, table, workspace_option
from app.modeling.evaluation import Evaluation, evaluate_offline, options_of, window_of
from app.storage.event_store.window import slice_of
from recsys.evaluation.metrics import TASKS
from recsys.evaluation.offline import Line, best_rival
from recsys.models.hybrid_params import blend_to_row
from recsys.stats import Estimate


@click.command()
@click.option("--model", help="Version whose options are judged. [default: as for `rank`]")
@format_option
@workspace_option
def evaluate(model: str | None, shape: str, workspace: Path | None) -> None:
    """Judge a model's options and its rivals on the log's last quarter, which they did not see.

    Example: brandswipe evaluate --format json
    """
    with opened(workspace) as house, progress() as tell:
        version = house.version(model)
        log = slice_of(house.warehouse, window_of(version))
        done = evaluate_offline(log, house.policy, options_of(version), tell)
    put(shape, _evaluation_data(done), _evaluation_text(done))
    for task in TASKS:
        say(_against_the_best(done.lines, task))
    say(_slices_text(done))
    say(f"{done.customers:,} customers; intervals are 95% by bootstrap over customers.")


def _evaluation_data(done: Evaluation) -> dict[str, Any]:
    rivals = {task: best_rival(done.lines, task).ranker for task in TASKS}
    return {
        "cut": done.cut,
        "dated": done.dated,
        "customers": done.customers,
        "weighed": blend_to_row(done.blend),
        "best_rival": rivals,
        "lines": [_line_data(line) for line in done.lines],
        "slices": [
            {"by": part.by, "name": part.name, "recall@10": _estimate(part.found)}
            for part in done.slices
        ],
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


def _slices_text(done: Evaluation) -> str:
    """Recall@10 by group; what may not be shown is counted."""
    shown = [part for part in done.slices if part.found.value is not None]
    rows = [(part.by, part.name, f"{part.found.n:,}", _shown(part.found)) for part in shown]
    hidden = len(done.slices) - len(shown)
    return (
        f"{table(('by', 'group', 'n', 'recall@10'), rows)}\n{hidden} groups are too small to show."
    )


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
