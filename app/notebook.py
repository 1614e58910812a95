"""The workbench in a notebook: what the page does, as calls that return values."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from app.modeling.comparison import Compared, compare
from app.modeling.evaluation import Evaluation, evaluate_offline, options_of, window_of
from app.modeling.import_lists import Imported, import_lists
from app.modeling.recommender import load_brain
from app.modeling.training import refit
from app.modeling.what_if import alike, asked, learnt, typed
from app.operations.job_tasks import judge_of
from app.reports.model_card import model_card
from app.storage.event_store.window import Source, slice_of
from app.storage.model_registry import Version
from app.study.feedback import learn_from, refused_brands
from app.study.power import PLAYERS, Powered, played
from app.study.results import Judged, judge, newest
from app.workspace.settings import read
from app.workspace.workspace import BASELINE, House
from recsys.evaluation.behavioral_tests import Behaved, behave
from recsys.models.base import BrandScore
from recsys.models.hybrid import FitOptions, Progress, Weights
from recsys.report.rejections import RefusedBrand


def quiet(stage: str, fraction: float) -> None:
    """Progress that nobody watches."""
    del stage, fraction


class Notebook:
    """One workspace. Without a version, the candidate is meant, else the newest."""

    def __init__(self, workspace: str | Path, progress: Progress = quiet) -> None:
        self.house = House(read(Path(workspace)))
        self.progress = progress

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def fit(
        self,
        weights: tuple[float, float, float] | None = None,
        source: Source | None = None,
        evaluate: bool = False,
        **options: Any,
    ) -> Version:
        """Fit and save a version; `options` are the fields of FitOptions, `weights` its Weights."""
        given = None if weights is None else Weights(*weights)
        wanted = FitOptions(weights=given, **options)
        house = self.house
        return refit(
            house.registry,
            house.warehouse,
            house.policy,
            wanted,
            BASELINE,
            self.progress,
            source,
            judge_of(house, wanted) if evaluate else None,
        )

    def rank(self, history: str, version: str | None = None, n: int = 10) -> list[BrandScore]:
        """Rank brands for a typed history."""
        brain = load_brain(self.house, version)
        return asked(brain, typed(brain, history)[1], n).ranked

    def similar(self, brand: str, version: str | None = None) -> list[tuple[str, float]]:
        """The brands most alike to one, and how much so."""
        return alike(load_brain(self.house, version), brand)

    def evaluate(self, version: str | None = None) -> Evaluation:
        """Judge a version's parameters on the held-out end of the log, beside its rivals."""
        found, house = self.house.version(version), self.house
        log = slice_of(house.warehouse, window_of(found))
        return evaluate_offline(log, house.policy, options_of(found), self.progress)

    def compare(self, first: str, second: str) -> Compared:
        """Set a second version against a first one."""
        one, two = self.house.version(first), self.house.version(second)
        return compare(self.house, one, two, self.progress)

    def behave(self, version: str | None = None, seed: int = 0) -> list[Behaved]:
        """Ask a version what a favourite is."""
        brain = load_brain(self.house, version)
        return behave(learnt(brain), brain.catalogue, brain.warehouse.as_of, seed)

    def power(
        self, version: str | None = None, panel: str = "honest", players: int = PLAYERS
    ) -> Powered:
        """Let simulated employees judge a version, apart from all studies."""
        return played(self.house, self.house.version(version), panel, players, 1, self.progress)

    def import_lists(self, path: str | Path, name: str) -> Imported:
        """Register any system's lists as a version."""
        return import_lists(self.house, Path(path), name, self.progress)

    def learn(self, study: str, version: str | None = None) -> Version:
        """Tune a version's weights on a simulated study; its people never judge the result."""
        house = self.house
        return learn_from(house, house.version(version), house.store.study(study), self.progress)

    def refused(self, version: str | None = None) -> list[RefusedBrand]:
        """The picks of a version that people refused most."""
        return refused_brands(self.house, self.house.version(version).hash)

    def report(self, study: str | None = None) -> Judged:
        """What a study, else the newest, says now: `report`, `verdict` and the decision."""
        return judge(self.house.store, newest(self.house.store, study))

    def card(self, version: str | None = None) -> str:
        """The model card of a version in Markdown."""
        return model_card(self.house, self.house.version(version))

    def close(self) -> None:
        """Close what was opened."""
        self.house.close()
