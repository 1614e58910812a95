"""The long work that runs in a process of its own: settings, arguments, progress -> its end.

What these functions say goes to the job's journal.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from app.modeling.comparison import compare as compared
from app.modeling.comparison import compared_to_row
from app.modeling.evaluation import evaluate_offline, evaluation_to_row, options_of, window_of
from app.modeling.training import Judge, refit
from app.storage.event_store.store import Warehouse
from app.storage.event_store.window import slice_of, source_from_row
from app.storage.model_registry import Version
from app.storage.study_db.jobs import Ended
from app.study.power import played, powered_to_row
from app.workspace.json_log import event
from app.workspace.settings import Settings
from app.workspace.workspace import BASELINE, House
from recsys.models.collaborative import Heard
from recsys.models.hybrid import FitOptions, Progress, options_from, options_to_row

_log = logging.getLogger("brandswipe")


def fit(settings: Settings, arguments: Mapping[str, Any], progress: Progress) -> str:
    """Fit a model and return its hash.

    `arguments` are the fields of FitOptions as plain data, and may have a `source` and `evaluate`.
    """
    names = options_to_row(FitOptions())
    options = options_from({name: v for name, v in arguments.items() if name in names})
    source = source_from_row(arguments.get("source", {}))
    _say(f"Fitting with {options} on {source}.")
    tell = _logged(progress)
    with _opened(settings) as house:
        version = refit(
            house.registry,
            house.warehouse,
            house.policy,
            options,
            BASELINE,
            tell,
            source,
            judge_of(house, options) if arguments.get("evaluate") else None,
            _heard(progress),
        )
    _say(
        f"Saved version {version.name}: {version.facts['customers']:,} customers, "
        f"{version.facts['brands']:,} brands, {version.facts['fit_seconds']:g} s, "
        f"{version.facts['peak_megabytes']:,} MB."
    )
    return version.hash


def judge_of(house: House, options: FitOptions) -> Judge:
    """Evaluation on the log's end, as facts of the version that is being made."""

    def judge(warehouse: Warehouse, progress: Progress) -> Mapping[str, Any]:
        done = evaluate_offline(warehouse, house.policy, options, progress)
        return {"offline": evaluation_to_row(done)}

    return judge


def evaluate(settings: Settings, arguments: Mapping[str, Any], progress: Progress) -> Ended:
    """Judge the parameters of a version (`arguments["model"]`) on the held-out end of the log."""
    with _opened(settings) as house:
        version = house.version(arguments["model"])
        options = options_of(version)
        _say(f"Evaluating version {version.name} with {options}.")
        log = slice_of(house.warehouse, window_of(version))
        done = evaluate_offline(log, house.policy, options, _logged(progress))
    _say(f"Asked about {done.customers:,} customers.")
    return Ended(version.hash, evaluation_to_row(done))


def compare(settings: Settings, arguments: Mapping[str, Any], progress: Progress) -> Ended:
    """Compare two versions (`arguments["first"]` and `["second"]`)."""
    with _opened(settings) as house:
        first, second = house.version(arguments["first"]), house.version(arguments["second"])
        _say(f"Comparing {first.name} with {second.name}.")
        done = compared(house, first, second, _logged(progress))
    return Ended(f"{first.hash} {second.hash}", compared_to_row(done))


def power(settings: Settings, arguments: Mapping[str, Any], progress: Progress) -> Ended:
    """Let simulated employees judge a version, and say when the gate would decide."""
    with _opened(settings) as house:
        version: Version = house.version(arguments["model"])
        players, seed = int(arguments["players"]), int(arguments["seed"])
        panel = str(arguments["panel"])
        _say(f"{players:,} simulated employees ({panel}) judge {version.name}.")
        done = played(house, version, panel, players, seed, _logged(progress))
    return Ended(version.hash, powered_to_row(done))


@contextmanager
def _opened(settings: Settings) -> Iterator[House]:
    house = House(settings)
    try:
        yield house
    finally:
        house.close()


def _heard(progress: Progress) -> Heard:
    """Hear the loss: into the log, and to whoever follows where the progress takes notes."""

    def heard(iteration: int, loss: float) -> None:
        _say(f"pass {iteration}: loss {loss:.6g}")
        note = getattr(progress, "note", None)
        if note is not None:
            note({"iteration": iteration, "loss": loss})

    return heard


def _logged(progress: Progress) -> Progress:
    """The same progress; the log gets a line when a stage begins."""
    start, last = time.monotonic(), [""]

    def tell(stage: str, fraction: float) -> None:
        if stage != last[0]:
            last[0] = stage
            _say(f"{stage}, after {time.monotonic() - start:.2f} s")
        progress(stage, fraction)

    return tell


def _say(words: str) -> None:
    _log.info("%s", words, extra=event("job"))
