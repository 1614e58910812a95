"""The long work that runs in a process of its own: settings, arguments, progress -> a sentence."""

from collections.abc import Mapping
from typing import Any

from app.fitting import refit
from app.house import BASELINE, House
from app.settings import Settings
from recsys.model import FitOptions, Progress, Weights


def fit(settings: Settings, arguments: Mapping[str, Any], progress: Progress) -> str:
    """Fit a model; `arguments` are the fields of FitOptions as plain data."""
    plain = dict(arguments)
    weights = Weights(**plain.pop("weights", {}))
    house = House(settings)
    try:
        version = refit(
            house.registry,
            house.warehouse,
            house.policy,
            FitOptions(**plain, weights=weights),
            BASELINE,
            progress,
        )
    finally:
        house.close()
    return version.hash
