"""Offline evaluation on the event store: learn from the start of the log, ask about its end."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from app.fitting import learn, policy_catalogue
from app.holdout import Asked, Start
from app.planting import catalogue_of_brands, planted_truth
from app.warehouse import Warehouse
from recsys.collaborative import Progress
from recsys.errors import NotEnoughError
from recsys.model import Blend, FitOptions
from recsys.offline import Line, evaluate
from recsys.policy import Policy
from recsys.relevance import Case
from recsys.rivals import rivals
from recsys.shop_figures import NEED_CATEGORIES

MOST_CASES = 2_000


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the rankers found, and of whom."""

    lines: list[Line]
    cut: int  # seconds since 1970; what came later was held out. The log's day without times
    customers: int
    dated: bool  # split in time; else each customer's own sequence was
    blend: Blend  # what the model was weighed by, chosen before the held-out time


def evaluate_offline(
    warehouse: Warehouse, policy: Policy, options: FitOptions, progress: Progress
) -> Evaluation:
    """Judge the model against its rivals on the end of the log.

    Raises NotEnoughError where nobody came back in the held-out end.
    """
    whole = Start.of(warehouse, policy.relevance.held_out, options.sample, options.seed)
    model, evidence, _ = learn(warehouse, policy, options, progress, whole.earlier())
    asked = Asked.about(warehouse, policy_catalogue(warehouse, policy), policy.relevance, whole)
    cases = list(islice(_cases(warehouse, asked, options), MOST_CASES))
    if not cases:
        raise NotEnoughError(
            "Nobody who was known before did anything in the last quarter of the log that counts "
            "as found."
        )
    if warehouse.planted:
        cases = _with_favourites(warehouse, cases)
    rankers = [model, *rivals(model, evidence)]
    needed = _needed() if warehouse.planted else frozenset[str]()
    lines = evaluate(rankers, cases, model.basis, options.seed, needed, progress)
    cut = whole.earlier().as_of
    return Evaluation(lines, cut, len(cases), whole.dated, model.blend)


def _cases(warehouse: Warehouse, asked: Asked, options: FitOptions) -> Iterator[Case]:
    """Customers who did something before the cut and something that counts after it."""
    share = min(1.0, 4 * MOST_CASES / max(1, warehouse.customers))
    for numbers, rows in warehouse.scan(share, options.seed + 1):
        yield from asked.cases(numbers, rows, asked.known(numbers, rows))


def _with_favourites(warehouse: Warehouse, cases: list[Case]) -> list[Case]:
    tastes, _ = planted_truth(warehouse.workspace)
    ids = list(warehouse.customer_ids())
    return [replace(case, loved=frozenset(tastes[ids[case.customer]].favourites)) for case in cases]


def _needed() -> frozenset[str]:
    """Brands of the demo's catalogue that are bought because something broke, with no love."""
    brands = catalogue_of_brands()
    return frozenset(brands["name"][brands["category"].isin(NEED_CATEGORIES)])
