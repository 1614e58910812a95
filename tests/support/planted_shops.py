"""Small planted shops on disk, as `brandswipe plant` and `brandswipe ingest` make them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.modeling import comparison, evaluation, training
from app.modeling.training import refit
from app.storage.ingest.pipeline import ingest
from app.storage.model_registry import Version
from app.study import feedback, power
from app.workspace.planted_shop import plant_folder
from app.workspace.settings import Login, Settings
from app.workspace.workspace import BASELINE, House
from recsys.models.hybrid import FitOptions, Weights

QUICK = FitOptions(factors=8, iterations=2, weights=Weights(1.0, 0.3, 0.1))  # nothing to choose

IN_EARNEST = {
    "app.modeling.training.BALANCE_CUSTOMERS": training.BALANCE_CUSTOMERS,
    "app.modeling.training.WEIGH_CASES": training.WEIGH_CASES,
    "app.modeling.evaluation.MOST_CASES": evaluation.MOST_CASES,
    "app.modeling.comparison.MOST_CASES": comparison.MOST_CASES,
    "app.modeling.comparison.MOST_PEOPLE": comparison.MOST_PEOPLE,
    "app.study.power.CUSTOMERS": power.CUSTOMERS,
    "app.study.feedback.CUSTOMERS": feedback.CUSTOMERS,
}
"""How many customers a fit, an evaluation, a comparison or a plan asks, thousands."""
FEW = dict.fromkeys(IN_EARNEST, 120)


@contextmanager
def asking(people: Mapping[str, int]) -> Iterator[None]:
    """Let a fit and an evaluation in this process ask so many customers."""
    with pytest.MonkeyPatch.context() as patch:
        for name, number in people.items():
            patch.setattr(name, number)
        yield


def silent(_stage: str, _fraction: float) -> None:
    """Progress that nobody watches."""


def planted(folder: Path, customers: int = 300) -> Settings:
    """Return the settings of a workspace with the events of a planted shop, and no model."""
    plant_folder(folder / "shop", customers, 1, silent)
    ingest(folder / "w", str(folder / "shop"))
    return Settings(workspace=folder / "w", login=Login.LOCAL)


def fitted(settings: Settings, options: FitOptions = QUICK) -> Version:
    """Fit a version in this process."""
    house = House(settings)
    try:
        return refit(house.registry, house.warehouse, house.policy, options, BASELINE, silent)
    finally:
        house.close()
