"""Offline evaluation on the event store: learn from the start of the log, ask about its end."""

from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from app.modeling.split import Asked, Start
from app.modeling.training import learn, policy_catalogue
from app.storage.event_store.store import Warehouse
from app.storage.event_store.window import Source
from app.storage.model_registry import Version
from app.workspace.planted_shop import catalogue_of_brands, planted_truth
from recsys.dataset.catalog import Catalogue
from recsys.errors import BadInputError, NotEnoughError
from recsys.evaluation.metrics import Case
from recsys.evaluation.offline import Line, evaluate, line_to_row
from recsys.evaluation.slices import Slice, slice_to_row, slices_of
from recsys.models.baselines import rivals
from recsys.models.collaborative import Progress
from recsys.models.hybrid import Blend, FitOptions, options_from
from recsys.models.hybrid_params import blend_to_row
from recsys.simulation.parameters import NEED_CATEGORIES
from recsys.study.policy import Policy

MOST_CASES = 2_000


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the rankers found, and of whom."""

    lines: list[Line]
    cut: int  # seconds since 1970; what came later was held out. The log's day without times
    customers: int
    dated: bool  # split in time; else each customer's own sequence was
    blend: Blend  # what the model was weighed by, chosen before the held-out time
    slices: list[
        Slice
    ]  # how well the model found what groups of customers, or of brands, were about


def evaluation_to_row(found: Evaluation) -> dict[str, Any]:
    """Return what was found as the facts of a version and the result of a job say it."""
    return {
        "lines": [line_to_row(line) for line in found.lines],
        "cut": found.cut,
        "customers": found.customers,
        "dated": found.dated,
        "blend": blend_to_row(found.blend),
        "slices": [slice_to_row(part) for part in found.slices],
    }


def evaluate_offline(
    warehouse: Warehouse, policy: Policy, options: FitOptions, progress: Progress
) -> Evaluation:
    """Judge the model against its rivals on the end of the log.

    Raises NotEnoughError where nobody came back in the held-out end.
    """
    share = options.share_of(warehouse.customers)
    whole = Start.of(warehouse, policy.relevance.held_out, share, options.seed)
    model, lesson, _ = learn(warehouse, policy, options, progress, whole.earlier())
    asked = Asked.about(warehouse, policy_catalogue(warehouse, policy), policy.relevance, whole)
    cases = list(islice(asked.everybody(warehouse), MOST_CASES))
    if not cases:
        raise NotEnoughError(
            "Nobody who was known before did anything in the last quarter of the log that counts "
            "as found."
        )
    if warehouse.planted:
        cases = _with_favourites(warehouse, cases)
    rankers = [model, *rivals(model, lesson)]
    needed = _needed() if warehouse.planted else frozenset[str]()
    lines = evaluate(rankers, cases, model.basis, options.seed, needed, progress)
    cut = whole.earlier().as_of
    category_of = main_category(asked.catalogue)
    groups = slices_of(model, cases, model.basis, category_of, cut, options.seed)
    return Evaluation(lines, cut, len(cases), whole.dated, model.blend, groups)


def options_of(version: Version) -> FitOptions:
    """The options that a version was fitted with. Raises BadInputError for imported lists."""
    if "options" not in version.meta:
        raise BadInputError(
            f"Version {version.name} is lists of another system: what they had seen of the log is "
            "not known, so people alone can judge them."
        )
    return options_from(version.meta["options"])


def window_of(version: Version) -> Source:
    """The window of the log that a version was fitted on, for a fit on the store of today."""
    window = version.facts.get("window", {})
    return Source(since=window.get("since", ""), until=window.get("until", ""))


def main_category(catalogue: Catalogue) -> dict[str, str]:
    """Brand -> the category most of its products are in; brands without one are left out."""
    pairs = zip(catalogue.brands, catalogue.brand_category.tolist(), strict=True)
    return {str(name): str(catalogue.categories[c]) for name, c in pairs if c >= 0}


def _with_favourites(warehouse: Warehouse, cases: list[Case]) -> list[Case]:
    tastes, _ = planted_truth(warehouse.workspace)
    ids = list(warehouse.customer_ids())
    return [replace(case, loved=frozenset(tastes[ids[case.customer]].favourites)) for case in cases]


def _needed() -> frozenset[str]:
    """Brands of the demo's catalogue that are bought because something broke, with no love."""
    brands = catalogue_of_brands()
    return frozenset(brands["name"][brands["category"].isin(NEED_CATEGORIES)])
