"""The workbench in a notebook: what the page does, as calls that return values."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from app.modeling.comparison import VersionComparison, compare_versions
from app.modeling.evaluation import OfflineEvaluation, evaluate_offline, fit_options_of, window_of
from app.modeling.import_lists import ImportedLists, import_lists
from app.modeling.recommender import load_recommender
from app.modeling.training import fit_version
from app.modeling.what_if import rank_history, read_typed_history, similar_to, trained_model
from app.operations.job_tasks import offline_evaluator
from app.reports.model_card import model_card
from app.storage.event_store.window import TrainingWindow, open_window
from app.storage.model_registry import ModelVersion
from app.study.feedback import learn_from_study, rejected_brands
from app.study.power import DEFAULT_PLAYERS, SimulatedStudyPower, simulate_power
from app.study.results import StudyResult, judge_study, latest_study
from app.workspace.settings import read_settings
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.evaluation.behavioral_tests import BehaviorResult
from recsys.evaluation.behavioral_tests import run_behavioral_tests as behave
from recsys.models.base import BrandScore
from recsys.models.hybrid import FitOptions, ProgressCallback, ScoreWeights
from recsys.report.rejections import RejectedBrand


def no_progress(stage: str, fraction: float) -> None:
    """Progress that nobody watches."""
    del stage, fraction


class Notebook:
    """One workspace. Without a version, the candidate is meant, else the newest."""

    def __init__(self, workspace: str | Path, progress: ProgressCallback = no_progress) -> None:
        self.workspace = Workspace(read_settings(Path(workspace)))
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
        window: TrainingWindow | None = None,
        evaluate: bool = False,
        **options: Any,
    ) -> ModelVersion:
        """Fit and save a version; `options` are the fields of FitOptions, `weights` its Weights."""
        chosen_weights = None if weights is None else ScoreWeights(*weights)
        fit_options = FitOptions(weights=chosen_weights, **options)
        workspace = self.workspace
        return fit_version(
            workspace.registry,
            workspace.event_store,
            workspace.policy,
            fit_options,
            DEFAULT_BASELINE,
            self.progress,
            window,
            offline_evaluator(workspace, fit_options) if evaluate else None,
        )

    def rank(self, history: str, version: str | None = None, n: int = 10) -> list[BrandScore]:
        """Rank brands for a typed history."""
        recommender = load_recommender(self.workspace, version)
        return rank_history(recommender, read_typed_history(recommender, history)[1], n).ranked

    def similar(self, brand: str, version: str | None = None) -> list[tuple[str, float]]:
        """The brands most alike to one, and how much so."""
        return similar_to(load_recommender(self.workspace, version), brand)

    def evaluate(self, version: str | None = None) -> OfflineEvaluation:
        """Judge a version's parameters on the held-out end of the log, beside its rivals."""
        model_version, workspace = self.workspace.version(version), self.workspace
        log = open_window(workspace.event_store, window_of(model_version))
        return evaluate_offline(log, workspace.policy, fit_options_of(model_version), self.progress)

    def compare(self, first: str, second: str) -> VersionComparison:
        """Set a second version against a first one."""
        first_version, second_version = (
            self.workspace.version(first),
            self.workspace.version(second),
        )
        return compare_versions(self.workspace, first_version, second_version, self.progress)

    def run_behavioral_tests(
        self, version: str | None = None, seed: int = 0
    ) -> list[BehaviorResult]:
        """Ask a version what a favourite is."""
        recommender = load_recommender(self.workspace, version)
        return behave(
            trained_model(recommender), recommender.catalog, recommender.event_store.as_of, seed
        )

    def power(
        self, version: str | None = None, panel: str = "honest", players: int = DEFAULT_PLAYERS
    ) -> SimulatedStudyPower:
        """Let simulated employees judge a version, apart from all studies."""
        return simulate_power(
            self.workspace, self.workspace.version(version), panel, players, 1, self.progress
        )

    def import_lists(self, path: str | Path, name: str) -> ImportedLists:
        """Register any system's lists as a version."""
        return import_lists(self.workspace, Path(path), name, self.progress)

    def learn(self, study: str, version: str | None = None) -> ModelVersion:
        """Tune a version's weights on a simulated study; its people never judge the result."""
        workspace = self.workspace
        return learn_from_study(
            workspace, workspace.version(version), workspace.store.study(study), self.progress
        )

    def rejected(self, version: str | None = None) -> list[RejectedBrand]:
        """The picks of a version that people refused most."""
        return rejected_brands(self.workspace, self.workspace.version(version).hash)

    def report(self, study: str | None = None) -> StudyResult:
        """What a study, else the newest, says now: `report`, `verdict` and the decision."""
        return judge_study(self.workspace.store, latest_study(self.workspace.store, study))

    def card(self, version: str | None = None) -> str:
        """The model card of a version in Markdown."""
        return model_card(self.workspace, self.workspace.version(version))

    def close(self) -> None:
        """Close what was opened."""
        self.workspace.close()
