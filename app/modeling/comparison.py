"""Two model versions side by side: parameters, figures, lists of the same people."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from app.modeling.evaluation import MOST_CASES, options_of, window_of
from app.modeling.recommender import Brain, load_brain
from app.modeling.split import Asked, Start
from app.modeling.training import learn, policy_catalogue
from app.storage.event_store.window import slice_of
from app.storage.model_registry import Version
from app.workspace.workspace import House
from recsys.dataset.evidence import Evidence
from recsys.errors import NotEnoughHistoryError
from recsys.evaluation.comparison import (
    Difference,
    Move,
    difference_to_row,
    differences,
    first_ten,
    move_to_row,
    moves,
    shared,
)
from recsys.evaluation.metrics import Case
from recsys.models.collaborative import Progress
from recsys.models.hybrid import FavouriteModel, FitOptions, options_to_row
from recsys.stats import Estimate, estimate_to_row

MOST_PEOPLE = 1_000
SEED = 0
FACTS = (
    "customers", "brands", "data_version", "code_version", "fit_seconds", "peak_megabytes",
    "balance",
)  # fmt: skip
BLENDED = ("ease", "alike", "half_life", "drift", "fashion")  # chosen beside the weights


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found of two versions, the second against the first."""

    people: int  # whose lists were set side by side
    shared: Estimate  # share of a person's first ten that both have
    rising: list[Move]
    falling: list[Move]
    differences: list[Difference]  # of the second less the first, on the log's held-out end
    why_none: str | None  # why there are no differences


def compared_to_row(found: Compared) -> dict[str, Any]:
    """Return what was found as the result of a job says it."""
    return {
        "people": found.people,
        "shared": estimate_to_row(found.shared),
        "rising": [move_to_row(move) for move in found.rising],
        "falling": [move_to_row(move) for move in found.falling],
        "differences": [difference_to_row(each) for each in found.differences],
        "why_none": found.why_none,
    }


def parameters(version: Version) -> dict[str, Any]:
    """Options, window and facts of a version as flat plain data; None for what it did not say."""
    facts = version.facts
    options = (
        {**options_to_row(FitOptions()), **facts.get("options", {})} if _fitted(version) else {}
    )
    weights, window = options.pop("weights", None) or {}, facts.get("window", {})
    days = {name: window.get(name) or None for name in ("since", "until")}
    blend = facts.get("weighed", {}).get("blend", {})
    chosen = {name: blend.get(name) for name in BLENDED}
    return {**options, **weights, **chosen, **days, **{name: facts.get(name) for name in FACTS}}


def _fitted(version: Version) -> bool:
    return "options" in version.meta


def differing(first: Version, second: Version) -> list[tuple[str, Any, Any]]:
    """Return the parameters and facts in which two versions differ."""
    left, right = parameters(first), parameters(second)
    names = list(dict.fromkeys([*left, *right]))
    pairs = ((name, left.get(name), right.get(name)) for name in names)
    return [(name, one, two) for name, one, two in pairs if one != two]


def compare(house: House, first: Version, second: Version, progress: Progress) -> Compared:
    """Set two versions side by side. Imported lists are compared by what they list alone."""
    brains = [load_brain(house, version.hash) for version in (first, second)]
    people = list(islice(_people(house, brains, progress), MOST_PEOPLE))
    ours, theirs = (
        first_ten(brain.model, (pair[place] for pair in people))
        for place, brain in enumerate(brains)
    )
    rising, falling = moves(ours, theirs)
    why = _why_none(first, second)
    found = [] if why else _differences(house, first, second, progress)
    return Compared(len(people), shared(ours, theirs, SEED), rising, falling, found, why)


def _why_none(first: Version, second: Version) -> str | None:
    listed = [version.name for version in (first, second) if not _fitted(version)]
    if not listed:
        return None
    return (
        f"Version {listed[0]} is lists of another system: what they had seen of the log is not "
        "known, so there is no fair figure on it."
    )


def _people(
    house: House, brains: list[Brain], progress: Progress
) -> Iterator[tuple[Evidence, Evidence]]:
    """Yield what each version reads of the same customers, those that both can rank."""
    warehouse = house.warehouse
    share = min(1.0, 2 * MOST_PEOPLE / max(1, warehouse.customers))
    for done, customer in enumerate(warehouse.customer_ids(share, SEED), start=1):
        progress("asking both versions", min(1.0, done / MOST_PEOPLE))
        try:
            first, second = (brain.evidence_of(customer) for brain in brains)
        except NotEnoughHistoryError:
            continue
        if len(first) >= house.policy.least_brands:
            yield first, second


def _differences(
    house: House, first: Version, second: Version, progress: Progress
) -> list[Difference]:
    whole = Start.of(house.warehouse, house.policy.relevance.held_out, 1.0, SEED)
    models = [_early(house, version, whole, progress) for version in (first, second)]
    catalogue = policy_catalogue(house.warehouse, house.policy)
    asked = Asked.about(house.warehouse, catalogue, house.policy.relevance, whole)
    cases: list[Case] = list(islice(asked.everybody(house.warehouse), MOST_CASES))
    progress("asking both versions", 1.0)
    return differences(models[1], models[0], cases, SEED)


def _early(house: House, version: Version, whole: Start, progress: Progress) -> FavouriteModel:
    """A version's parameters, learnt on the start of the log."""
    log = slice_of(house.warehouse, window_of(version))
    options = options_of(version)
    return learn(log, house.policy, options, progress, whole.earlier())[0]
