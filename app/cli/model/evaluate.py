"""model evaluate: offline metrics of a model and its baselines, also by customer group."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from app.cli.common import (
    format_option,
    model_option,
    open_workspace,
    print_message,
    print_output,
    progress_reporter,
    text_table,
    workspace_option,
)
from app.modeling.evaluation import OfflineEvaluation, evaluate_offline, fit_options_of, window_of
from app.storage.event_store.window import open_window
from recsys.evaluation.metrics import TASKS
from recsys.evaluation.offline import RankerMetrics, best_baseline
from recsys.models.hybrid_params import hybrid_params_to_row
from recsys.stats import Estimate


@click.command()
@model_option
@format_option
@workspace_option
def evaluate_command(model: str | None, output_format: str, workspace: Path | None) -> None:
    """Evaluate a model and its baselines on the last quarter of the log.

    Models are fitted to the earlier part with the options of the version.

    Example: brandswipe model evaluate --format json
    """
    with open_workspace(workspace) as ws, progress_reporter() as report_progress:
        version = ws.version(model)
        training_window = open_window(ws.event_store, window_of(version))
        evaluation = evaluate_offline(
            training_window, ws.policy, fit_options_of(version), report_progress
        )
    print_output(output_format, _evaluation_data(evaluation), _evaluation_text(evaluation))
    for task in TASKS:
        print_message(_best_baseline_text(evaluation.lines, task))
    print_message(_slices_text(evaluation))
    print_message(
        f"{evaluation.customers:,} customers; intervals are 95% by bootstrap over customers."
    )


def _evaluation_data(evaluation: OfflineEvaluation) -> dict[str, Any]:
    baselines = {task: best_baseline(evaluation.lines, task).ranker for task in TASKS}
    return {
        "cut": evaluation.cut,
        "dated": evaluation.dated,
        "customers": evaluation.customers,
        "weighed": hybrid_params_to_row(evaluation.blend),
        "best_rival": baselines,
        "lines": [_line_data(line) for line in evaluation.lines],
        "slices": [
            {"by": part.by, "name": part.name, "recall@10": _estimate_data(part.recall)}
            for part in evaluation.slices
        ],
    }


def _line_data(line: RankerMetrics) -> dict[str, Any]:
    return {
        "ranker": line.ranker,
        "task": line.task,
        "recall@10": _estimate_data(line.recall),
        "ndcg@10": _estimate_data(line.ndcg),
        "mrr@10": _estimate_data(line.mrr),
        "model_ahead_ndcg@10": _estimate_data(line.ndcg_ahead),
        "ndcg@10_by_activity": line.by_activity,
        "found_by_fame": line.by_popularity,
        "coverage": line.coverage,
        "popularity_bias": line.bias,
        "found_at_place": line.by_place,
        "favourites_found": _estimate_data(line.favourites),
        "needs_avoided": _estimate_data(line.avoided),
    }


def _estimate_data(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high, "n": estimate.n}


def _slices_text(evaluation: OfflineEvaluation) -> str:
    """Return recall@10 by customer group, and the number of groups that are too small."""
    publishable = [part for part in evaluation.slices if part.recall.value is not None]
    rows = [
        (part.by, part.name, f"{part.recall.n:,}", _format_estimate(part.recall))
        for part in publishable
    ]
    hidden = len(evaluation.slices) - len(publishable)
    return (
        f"{text_table(('by', 'group', 'n', 'recall@10'), rows)}\n{hidden} groups are too "
        "small to show."
    )


_METRIC_COLUMNS = ("task", "ranker", "n", "recall@10", "NDCG@10", "model ahead by", "MRR@10")
_SECONDARY_COLUMNS = ("few/some/many", "famous/other", "1st/10th", "coverage", "bias")
_PLANTED_COLUMNS = ("favourites", "avoided")


def _evaluation_text(evaluation: OfflineEvaluation) -> str:
    planted = any(line.favourites for line in evaluation.lines)
    header = [*_METRIC_COLUMNS, *_SECONDARY_COLUMNS, *(_PLANTED_COLUMNS if planted else ())]
    return text_table(header, [_evaluation_row(line)[: len(header)] for line in evaluation.lines])


def _evaluation_row(line: RankerMetrics) -> list[str]:
    return [
        line.task,
        line.ranker,
        f"{line.ndcg.n:,}",
        _format_value(line.recall),
        *(_format_estimate(found) for found in (line.ndcg, line.ndcg_ahead)),
        _format_value(line.mrr),
        *(_joined_values(parts.values()) for parts in (line.by_activity, line.by_popularity)),
        _joined_values([line.by_place[0], line.by_place[-1]]),
        f"{line.coverage:.1%}",
        "unknown" if line.bias is None else f"{line.bias:+.2f}",
        *(_format_value(found) for found in (line.favourites, line.avoided)),
    ]


def _joined_values(values: Iterable[float | None]) -> str:
    return "/".join("-" if value is None else f"{value:.2f}" for value in values)


def _format_value(estimate: Estimate | None) -> str:
    return "-" if estimate is None or estimate.value is None else f"{estimate.value:.3f}"


def _format_estimate(estimate: Estimate) -> str:
    if estimate.value is None:
        return "unknown"
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _best_baseline_text(lines: Sequence[RankerMetrics], task: str) -> str:
    baseline = best_baseline(lines, task)
    task_label = "Any brand next" if task == "any" else "Brands new to the customer"
    if baseline.ndcg_ahead.value is None:
        return f"{task_label}: {baseline.ndcg_ahead.reason}"
    return (
        f"{task_label}: ahead of {baseline.ranker}, its best rival, by "
        f"{_format_estimate(baseline.ndcg_ahead)} NDCG@10."
    )
