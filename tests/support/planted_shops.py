"""Small planted shops on disk, as `data generate` and `data ingest` make them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.modeling import comparison, evaluation, training, training_data
from app.modeling.training import fit_version
from app.storage.ingest.pipeline import ingest
from app.storage.model_registry import ModelVersion
from app.study import feedback, power
from app.workspace.planted_shop import write_planted_shop
from app.workspace.settings import Login, Settings
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.models.hybrid import FitOptions, ScoreWeights

QUICK = FitOptions(
    factors=8, iterations=2, weights=ScoreWeights(1.0, 0.3, 0.1)
)  # nothing to choose

IN_EARNEST = {
    "app.modeling.training.TRIAL_DECK_CUSTOMERS": training.TRIAL_DECK_CUSTOMERS,
    "app.modeling.training_data.TUNING_USERS": training_data.TUNING_USERS,
    "app.modeling.evaluation.MAX_EVAL_USERS": evaluation.MAX_EVAL_USERS,
    "app.modeling.comparison.MAX_EVAL_USERS": comparison.MAX_EVAL_USERS,
    "app.modeling.comparison.MAX_CUSTOMERS": comparison.MAX_CUSTOMERS,
    "app.study.power.TRIAL_CUSTOMERS": power.TRIAL_CUSTOMERS,
    "app.study.feedback.SAMPLE_CUSTOMERS": feedback.SAMPLE_CUSTOMERS,
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
    write_planted_shop(folder / "shop", customers, 1, silent)
    ingest(folder / "w", str(folder / "shop"))
    return Settings(workspace=folder / "w", login=Login.LOCAL)


def fitted(settings: Settings, options: FitOptions = QUICK) -> ModelVersion:
    """Fit a version in this process."""
    house = Workspace(settings)
    try:
        return fit_version(
            house.registry, house.event_store, house.policy, options, DEFAULT_BASELINE, silent
        )
    finally:
        house.close()
