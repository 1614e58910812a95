"""The functions that jobs run in a process of their own: settings, arguments, progress -> result.

They write messages to the job's log.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from app.modeling.comparison import compare_versions as compared
from app.modeling.comparison import compared_to_row
from app.modeling.evaluation import evaluate_offline, evaluation_to_row, fit_options_of, window_of
from app.modeling.training import OfflineEvaluator, fit_version
from app.storage.event_store.store import EventStore
from app.storage.event_store.window import open_window, source_from_row
from app.storage.model_registry import ModelVersion
from app.storage.study_db.jobs import JobResult
from app.study.power import powered_to_row, simulate_power
from app.workspace.json_log import log_extra
from app.workspace.settings import Settings
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.models.collaborative import LossCallback
from recsys.models.hybrid import FitOptions, options_from_dict, options_to_row
from recsys.progress import ProgressCallback

_log = logging.getLogger("brandswipe")


def fit(settings: Settings, arguments: Mapping[str, Any], progress: ProgressCallback) -> str:
    """Fit a model and return its hash.

    `arguments` are fields of FitOptions as plain data, and optionally `source` (the training
    window) and `evaluate`.
    """
    names = options_to_row(FitOptions())
    options = options_from_dict({name: v for name, v in arguments.items() if name in names})
    window = source_from_row(arguments.get("source", {}))
    _log_message(f"Fitting with {options} on {window}.")
    logged_progress = _log_stages(progress)
    with _open_workspace(settings) as workspace:
        version = fit_version(
            workspace.registry,
            workspace.event_store,
            workspace.policy,
            options,
            DEFAULT_BASELINE,
            logged_progress,
            window,
            offline_evaluator(workspace, options) if arguments.get("evaluate") else None,
            _loss_logger(progress),
        )
    _log_message(
        f"Saved version {version.name}: {version.facts['customers']:,} customers, "
        f"{version.facts['brands']:,} brands, {version.facts['fit_seconds']:g} s, "
        f"{version.facts['peak_megabytes']:,} MB."
    )
    return version.hash


def offline_evaluator(workspace: Workspace, options: FitOptions) -> OfflineEvaluator:
    """Return a function that evaluates on the end of the log, for the facts of a new version."""

    def judge(event_store: EventStore, progress: ProgressCallback) -> Mapping[str, Any]:
        evaluation = evaluate_offline(event_store, workspace.policy, options, progress)
        return {"offline": evaluation_to_row(evaluation)}

    return judge


def evaluate(
    settings: Settings, arguments: Mapping[str, Any], progress: ProgressCallback
) -> JobResult:
    """Evaluate a version's parameters (`arguments["model"]`) on the held-out end of the log."""
    with _open_workspace(settings) as workspace:
        version = workspace.version(arguments["model"])
        options = fit_options_of(version)
        _log_message(f"Evaluating version {version.name} with {options}.")
        log = open_window(workspace.event_store, window_of(version))
        evaluation = evaluate_offline(log, workspace.policy, options, _log_stages(progress))
    _log_message(f"Asked about {evaluation.customers:,} customers.")
    return JobResult(version.hash, evaluation_to_row(evaluation))


def compare(
    settings: Settings, arguments: Mapping[str, Any], progress: ProgressCallback
) -> JobResult:
    """Compare two versions (`arguments["first"]` and `["second"]`)."""
    with _open_workspace(settings) as workspace:
        first, second = (
            workspace.version(arguments["first"]),
            workspace.version(arguments["second"]),
        )
        _log_message(f"Comparing {first.name} with {second.name}.")
        comparison = compared(workspace, first, second, _log_stages(progress))
    return JobResult(f"{first.hash} {second.hash}", compared_to_row(comparison))


def power(
    settings: Settings, arguments: Mapping[str, Any], progress: ProgressCallback
) -> JobResult:
    """Let simulated employees judge a version, and return when the gate would decide."""
    with _open_workspace(settings) as workspace:
        version: ModelVersion = workspace.version(arguments["model"])
        players, seed = int(arguments["players"]), int(arguments["seed"])
        panel = str(arguments["panel"])
        _log_message(f"{players:,} simulated employees ({panel}) judge {version.name}.")
        result = simulate_power(workspace, version, panel, players, seed, _log_stages(progress))
    return JobResult(version.hash, powered_to_row(result))


@contextmanager
def _open_workspace(settings: Settings) -> Iterator[Workspace]:
    workspace = Workspace(settings)
    try:
        yield workspace
    finally:
        workspace.close()


def _loss_logger(progress: ProgressCallback) -> LossCallback:
    """Return a callback that logs the loss, and adds it to a progress that takes notes."""

    def heard(iteration: int, loss: float) -> None:
        _log_message(f"pass {iteration}: loss {loss:.6g}")
        note = getattr(progress, "note", None)
        if note is not None:
            note({"iteration": iteration, "loss": loss})

    return heard


def _log_stages(progress: ProgressCallback) -> ProgressCallback:
    """Return the same progress callback, which also logs the start of each stage."""
    start, last = time.monotonic(), [""]

    def tell(stage: str, fraction: float) -> None:
        if stage != last[0]:
            last[0] = stage
            _log_message(f"{stage}, after {time.monotonic() - start:.2f} s")
        progress(stage, fraction)

    return tell


def _log_message(message: str) -> None:
    _log.info("%s", message, extra=log_extra("job"))
