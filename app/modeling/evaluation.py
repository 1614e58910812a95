"""Offline evaluation with a temporal split: train on the start of the log, test on its end."""

from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from app.modeling.split import HoldoutTask, TemporalSplit
from app.modeling.training import tune_and_fit
from app.modeling.training_data import policy_catalog
from app.storage.event_store.store import EventStore
from app.storage.event_store.window import TrainingWindow
from app.storage.model_registry import ModelVersion
from app.workspace.planted_shop import bundled_brands, planted_truth
from recsys.dataset.catalog import Catalog
from recsys.errors import BadInputError, NotEnoughError
from recsys.evaluation.metrics import EvalUser
from recsys.evaluation.offline import RankerMetrics, evaluate_rankers, ranker_metrics_to_row
from recsys.evaluation.slices import EvaluationSlice, evaluate_slices, evaluation_slice_to_row
from recsys.models.baselines import fit_baselines
from recsys.models.hybrid import FitOptions, HybridParams, options_from_dict
from recsys.models.hybrid_params import hybrid_params_to_row
from recsys.progress import ProgressCallback
from recsys.simulation.parameters import NEED_CATEGORIES
from recsys.study.policy import Policy

MAX_EVAL_USERS = 2_000


@dataclass(frozen=True, slots=True)
class OfflineEvaluation:
    """Metrics of the model and the baselines on the held-out end of the log."""

    lines: list[RankerMetrics]
    cut: int  # seconds since 1970; later events are held out. In a log without times: its date
    customers: int  # evaluation users
    dated: bool  # True: split by time; False: each customer's own sequence was split
    blend: HybridParams  # tuned parameters of the model, chosen before the held-out period
    slices: list[EvaluationSlice]  # the model's metrics per group of customers or brands


def evaluation_to_row(found: OfflineEvaluation) -> dict[str, Any]:
    """Return the evaluation as JSON data, for a version's facts and a job's result."""
    return {
        "lines": [ranker_metrics_to_row(line) for line in found.lines],
        "cut": found.cut,
        "customers": found.customers,
        "dated": found.dated,
        "blend": hybrid_params_to_row(found.blend),
        "slices": [evaluation_slice_to_row(part) for part in found.slices],
    }


def evaluate_offline(
    event_store: EventStore, policy: Policy, options: FitOptions, progress: ProgressCallback
) -> OfflineEvaluation:
    """Evaluate the model and the baselines on the held-out end of the log.

    Raises NotEnoughError if no known customer has a relevant event in the held-out end.
    """
    share = options.sample_share(event_store.customers)
    split = TemporalSplit.of(event_store, policy.relevance.held_out, share, options.seed)
    model, interactions, _ = tune_and_fit(
        event_store, policy, options, progress, split.training_part()
    )
    task = HoldoutTask.of(event_store, policy_catalog(event_store, policy), policy.relevance, split)
    eval_users = list(islice(task.all_eval_users(event_store), MAX_EVAL_USERS))
    if not eval_users:
        raise NotEnoughError(
            "Nobody who was known before did anything in the last quarter of the log that counts "
            "as found."
        )
    if event_store.planted:
        eval_users = _with_favourites(event_store, eval_users)
    rankers = [model, *fit_baselines(model, interactions)]
    need_brands = _need_driven_brands() if event_store.planted else frozenset[str]()
    lines = evaluate_rankers(
        rankers, eval_users, model.brand_index, options.seed, need_brands, progress
    )
    cut = split.training_part().as_of
    category_of = main_category_of_brands(task.catalog)
    model_slices = evaluate_slices(
        model, eval_users, model.brand_index, category_of, cut, options.seed
    )
    return OfflineEvaluation(
        lines, cut, len(eval_users), split.has_times, model.params, model_slices
    )


def fit_options_of(version: ModelVersion) -> FitOptions:
    """Return the fit options of a version. Raises BadInputError for imported lists."""
    if "options" not in version.meta:
        raise BadInputError(
            f"Version {version.name} is lists of another system: what they had seen of the log is "
            "not known, so people alone can judge them."
        )
    return options_from_dict(version.meta["options"])


def window_of(version: ModelVersion) -> TrainingWindow:
    """Return the days that a version was fitted on, as a window of the current event store."""
    window = version.facts.get("window", {})
    return TrainingWindow(since=window.get("since", ""), until=window.get("until", ""))


def main_category_of_brands(catalog: Catalog) -> dict[str, str]:
    """Return brand -> category of most of its products; brands without a category are left out."""
    pairs = zip(catalog.brands, catalog.brand_category.tolist(), strict=True)
    return {str(name): str(catalog.categories[c]) for name, c in pairs if c >= 0}


def _with_favourites(event_store: EventStore, eval_users: list[EvalUser]) -> list[EvalUser]:
    tastes, _ = planted_truth(event_store.workspace)
    ids = list(event_store.customer_ids())
    return [
        replace(case, true_favourites=frozenset(tastes[ids[case.customer]].favourites))
        for case in eval_users
    ]


def _need_driven_brands() -> frozenset[str]:
    """Return the demo brands that customers buy out of need, not preference (e.g. batteries)."""
    brands = bundled_brands()
    return frozenset(brands["name"][brands["category"].isin(NEED_CATEGORIES)])
