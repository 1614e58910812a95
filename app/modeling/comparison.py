"""Comparison of two model versions: parameters, offline metrics, lists of the same customers."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from app.modeling.evaluation import MAX_EVAL_USERS, fit_options_of, window_of
from app.modeling.recommender import Recommender, load_recommender
from app.modeling.split import HoldoutTask, TemporalSplit
from app.modeling.training import tune_and_fit
from app.modeling.training_data import policy_catalog
from app.storage.event_store.window import open_window
from app.storage.model_registry import ModelVersion
from app.workspace.workspace import Workspace
from recsys.dataset.evidence import Evidence
from recsys.errors import NotEnoughHistoryError
from recsys.evaluation.comparison import (
    MetricDifference,
    RankChange,
    list_overlap,
    metric_difference_to_row,
    metric_differences,
    rank_change_to_row,
    rank_changes,
    top_lists,
)
from recsys.evaluation.metrics import EvalUser
from recsys.models.hybrid import FitOptions, HybridModel, options_to_row
from recsys.progress import ProgressCallback, WorkStage
from recsys.stats import Estimate, estimate_to_row

MAX_CUSTOMERS = 1_000
SEED = 0
FACTS = (
    "customers", "brands", "data_version", "code_version", "fit_seconds", "peak_megabytes",
    "balance",
)  # fmt: skip
TUNED_FIELDS = ("ease", "alike", "half_life", "drift", "fashion")
"""Stored names of tuned HybridParams: shares of EASE and item kNN in the collaborative part, and
half-lives in days of own evidence, of the collaborative query and of popularity."""


@dataclass(frozen=True, slots=True)
class VersionComparison:
    """Result of comparing two versions, the second against the first."""

    people: int  # customers with compared lists
    shared: Estimate  # share of a customer's top ten that both lists have, 0 to 1
    rising: list[RankChange]  # brands on more lists of the second version
    falling: list[RankChange]  # brands on fewer lists of the second version
    differences: list[MetricDifference]  # second minus first, on the held-out end of the log
    why_none: str | None  # why `differences` is empty, or None


def compared_to_row(found: VersionComparison) -> dict[str, Any]:
    """Return a comparison as JSON data, which a job stores as its result."""
    return {
        "people": found.people,
        "shared": estimate_to_row(found.shared),
        "rising": [rank_change_to_row(move) for move in found.rising],
        "falling": [rank_change_to_row(move) for move in found.falling],
        "differences": [metric_difference_to_row(each) for each in found.differences],
        "why_none": found.why_none,
    }


def version_parameters(version: ModelVersion) -> dict[str, Any]:
    """Return options, window and facts of a version as one flat dict; None for missing values."""
    facts = version.facts
    options = (
        {**options_to_row(FitOptions()), **facts.get("options", {})} if _is_fitted(version) else {}
    )
    weights, window = options.pop("weights", None) or {}, facts.get("window", {})
    days = {name: window.get(name) or None for name in ("since", "until")}
    hybrid_params = facts.get("weighed", {}).get("blend", {})
    tuned = {name: hybrid_params.get(name) for name in TUNED_FIELDS}
    return {**options, **weights, **tuned, **days, **{name: facts.get(name) for name in FACTS}}


def _is_fitted(version: ModelVersion) -> bool:
    return "options" in version.meta


def parameter_differences(first: ModelVersion, second: ModelVersion) -> list[tuple[str, Any, Any]]:
    """Return the parameters and facts in which two versions differ."""
    first_values, second_values = version_parameters(first), version_parameters(second)
    names = list(dict.fromkeys([*first_values, *second_values]))
    pairs = ((name, first_values.get(name), second_values.get(name)) for name in names)
    return [(name, one, two) for name, one, two in pairs if one != two]


def compare_versions(
    workspace: Workspace, first: ModelVersion, second: ModelVersion, progress: ProgressCallback
) -> VersionComparison:
    """Compare two versions. For imported lists only the lists are compared, not offline metrics."""
    recommenders = [load_recommender(workspace, version.hash) for version in (first, second)]
    pairs = list(islice(_evidence_pairs(workspace, recommenders, progress), MAX_CUSTOMERS))
    # evidence is read per version: its customer number differs between versions
    first_lists, second_lists = (
        top_lists(brain.model, (pair[place] for pair in pairs))
        for place, brain in enumerate(recommenders)
    )
    rising, falling = rank_changes(first_lists, second_lists)
    reason = _no_differences_reason(first, second)
    figures = [] if reason else _metric_differences(workspace, first, second, progress)
    return VersionComparison(
        len(pairs), list_overlap(first_lists, second_lists, SEED), rising, falling, figures, reason
    )


def _no_differences_reason(first: ModelVersion, second: ModelVersion) -> str | None:
    imported_names = [version.name for version in (first, second) if not _is_fitted(version)]
    if not imported_names:
        return None
    return (
        f"Version {imported_names[0]} is lists of another system: what they had seen of the "
        "log is not "
        "known, so there is no fair figure on it."
    )


def _evidence_pairs(
    workspace: Workspace, recommenders: list[Recommender], progress: ProgressCallback
) -> Iterator[tuple[Evidence, Evidence]]:
    """Yield each customer's evidence as (first version, second version), if both can rank it."""
    event_store = workspace.event_store
    share = min(1.0, 2 * MAX_CUSTOMERS / max(1, event_store.customers))
    for count, customer in enumerate(event_store.customer_ids(share, SEED), start=1):
        progress(WorkStage.ASKING_VERSIONS, min(1.0, count / MAX_CUSTOMERS))
        try:
            first, second = (brain.evidence_of(customer) for brain in recommenders)
        except NotEnoughHistoryError:
            continue
        if len(first) >= workspace.policy.least_brands:
            yield first, second


def _metric_differences(
    workspace: Workspace, first: ModelVersion, second: ModelVersion, progress: ProgressCallback
) -> list[MetricDifference]:
    split = TemporalSplit.of(workspace.event_store, workspace.policy.relevance.held_out, 1.0, SEED)
    models = [
        _fit_training_part(workspace, version, split, progress) for version in (first, second)
    ]
    catalog = policy_catalog(workspace.event_store, workspace.policy)
    task = HoldoutTask.of(workspace.event_store, catalog, workspace.policy.relevance, split)
    eval_users: list[EvalUser] = list(
        islice(task.all_eval_users(workspace.event_store), MAX_EVAL_USERS)
    )
    progress(WorkStage.ASKING_VERSIONS, 1.0)
    return metric_differences(models[1], models[0], eval_users, SEED)


def _fit_training_part(
    workspace: Workspace, version: ModelVersion, split: TemporalSplit, progress: ProgressCallback
) -> HybridModel:
    """Fit a model with the version's options on the training part of the log."""
    log = open_window(workspace.event_store, window_of(version))
    options = fit_options_of(version)
    return tune_and_fit(log, workspace.policy, options, progress, split.training_part())[0]
