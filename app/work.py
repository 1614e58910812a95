"""The long work that runs in a process of its own: settings, arguments, progress -> its end.

What these functions print goes to the job's log.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from app.evaluation import evaluate_offline
from app.fitting import refit
from app.house import BASELINE, House
from app.rows.job_rows import Ended
from app.settings import Settings
from recsys.model import FitOptions, Progress, Weights


def fit(settings: Settings, arguments: Mapping[str, Any], progress: Progress) -> str:
    """Fit a model and return its hash; `arguments` are the fields of FitOptions as plain data."""
    options = options_from(arguments)
    print(f"Fitting with {options}.", flush=True)
    with _opened(settings) as house:
        tell = _logged(progress)
        version = refit(house.registry, house.warehouse, house.policy, options, BASELINE, tell)
    print(
        f"Saved version {version.name}: {version.facts['customers']:,} customers, "
        f"{version.facts['brands']:,} brands, {version.facts['fit_seconds']:g} s.",
        flush=True,
    )
    return version.hash


def evaluate(settings: Settings, arguments: Mapping[str, Any], progress: Progress) -> Ended:
    """Judge the parameters of a version (`arguments["model"]`) on the held-out end of the log."""
    with _opened(settings) as house:
        version = house.version(arguments["model"])
        options = options_from(version.meta["options"])
        print(f"Evaluating version {version.name} with {options}.", flush=True)
        done = evaluate_offline(house.warehouse, house.policy, options, _logged(progress))
    print(f"Asked about {done.customers:,} customers.", flush=True)
    return Ended(version.hash, asdict(done))


def options_from(plain: Mapping[str, Any]) -> FitOptions:
    """FitOptions from its fields as plain data."""
    fields = dict(plain)
    return FitOptions(**fields | {"weights": Weights(**fields.get("weights", {}))})


@contextmanager
def _opened(settings: Settings) -> Iterator[House]:
    house = House(settings)
    try:
        yield house
    finally:
        house.close()


def _logged(progress: Progress) -> Progress:
    """The same progress; the log gets a line when a stage begins."""
    start, last = time.monotonic(), [""]

    def tell(stage: str, fraction: float) -> None:
        if stage != last[0]:
            last[0] = stage
            print(f"{time.monotonic() - start:7.2f} s  {stage}", flush=True)
        progress(stage, fraction)

    return tell
