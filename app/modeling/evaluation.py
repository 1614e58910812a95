"""Offline evaluation on the event store: learn from the start of the log, ask about its end."""

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
from recsys.models.collaborative import ProgressCallback
from recsys.models.hybrid import FitOptions, HybridParams, options_from_dict
from recsys.models.hybrid_params import hybrid_params_to_row
from recsys.simulation.parameters import NEED_CATEGORIES
from recsys.study.policy import Policy

MAX_EVAL_USERS = 2_000


@dataclass(frozen=True, slots=True)
class OfflineEvaluation:
    """What the rankers found, and of whom."""

    lines: list[RankerMetrics]
    cut: int  # seconds since 1970; what came later was held out. The log's day without times
    customers: int
    dated: bool  # split in time; else each customer's own sequence was
    blend: HybridParams  # what the model was weighed by, chosen before the held-out time
    slices: list[
        EvaluationSlice
    ]  # how well the model found what groups of customers, or of brands, were about


def evaluation_to_row(found: OfflineEvaluation) -> dict[str, Any]:
    """Return what was found as the facts of a version and the result of a job say it."""
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
    """Judge the model against its rivals on the end of the log.

    Raises NotEnoughError where nobody came back in the held-out end.
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
    """The options that a version was fitted with. Raises BadInputError for imported lists."""
    if "options" not in version.meta:
        raise BadInputError(
            f"Version {version.name} is lists of another system: what they had seen of the log is "
            "not known, so people alone can judge them."
        )
    return options_from_dict(version.meta["options"])


def window_of(version: ModelVersion) -> TrainingWindow:
    """The window of the log that a version was fitted on, for a fit on the store of today."""
    window = version.facts.get("window", {})
    return TrainingWindow(since=window.get("since", ""), until=window.get("until", ""))


def main_category_of_brands(catalog: Catalog) -> dict[str, str]:
    """Brand -> the category most of its products are in; brands without one are left out."""
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
    """Brands of the demo's catalogue that are bought because something broke, with no love."""
    brands = bundled_brands()
    return frozenset(brands["name"][brands["category"].isin(NEED_CATEGORIES)])
