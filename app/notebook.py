"""The workbench in a notebook: the actions of the workbench page, as methods that return values."""

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
from app.study.results import StudyStatus, latest_study, study_status
from app.workspace.settings import read_settings
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.evaluation.behavioral_tests import BehaviorResult
from recsys.evaluation.behavioral_tests import run_behavioral_tests as behave
from recsys.models.base import BrandScore
from recsys.models.hybrid import FitOptions, ScoreWeights
from recsys.progress import ProgressCallback
from recsys.report.rejections import RejectedBrand


def no_progress(stage: str, fraction: float) -> None:
    """Ignore the progress of long work."""
    del stage, fraction


class Notebook:
    """The workbench of one workspace. Use it in a `with` block, or call `close` at the end.

    `version` in a method is a hash, its first characters, an alias or a tag; None is the candidate,
    or the newest version without one. Methods raise UnknownNameError for an unknown version.

    Parameters
    ----------
    workspace
        The folder of the workspace.
    progress
        Called during long work with the stage and the share done, from 0 to 1.
    """

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
        """Fit a model on the events and save it as a new version.

        Parameters
        ----------
        weights
            Fixed weights of the score parts: own, collaborative, popularity. None: they are tuned.
        window
            The part of the log to fit on. None: all of it.
        evaluate
            Also evaluate offline, and save the metrics with the version.
        **options
            Other fields of FitOptions, such as `factors`.

        Raises
        ------
        BadInputError
            An option is out of range, or the days of the window are not usable.
        NotEnoughError
            There are too few usable events.
        """
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
        """Rank brands for a typed history, such as "3 purchases of Lego, 1 view of Nike".

        Returns
        -------
        list[BrandScore]
            The best `n` brands, best first.

        Raises
        ------
        BadInputError
            The history is unreadable or has an unknown brand, or the version holds imported lists.
        """
        recommender = load_recommender(self.workspace, version)
        return rank_history(recommender, read_typed_history(recommender, history)[1], n).ranked

    def similar(self, brand: str, version: str | None = None) -> list[tuple[str, float]]:
        """Find the brands that are most similar to a brand.

        Returns
        -------
        list[tuple[str, float]]
            Up to ten brands with the cosine similarity of their ALS factors, most similar first.

        Raises
        ------
        BadInputError
            The brand is unknown or may not be shown, or the version holds imported lists.
        """
        return similar_to(load_recommender(self.workspace, version), brand)

    def evaluate(self, version: str | None = None) -> OfflineEvaluation:
        """Evaluate a version's parameters and the baselines on the held-out end of the log.

        Raises BadInputError for imported lists, NotEnoughError if no customer came back.
        """
        model_version, workspace = self.workspace.version(version), self.workspace
        log = open_window(workspace.event_store, window_of(model_version))
        return evaluate_offline(log, workspace.policy, fit_options_of(model_version), self.progress)

    def compare(self, first: str, second: str) -> VersionComparison:
        """Compare two versions: their lists, and offline metrics (`second` minus `first`).

        Offline metrics are missing if one of the versions holds imported lists.
        """
        first_version, second_version = (
            self.workspace.version(first),
            self.workspace.version(second),
        )
        return compare_versions(self.workspace, first_version, second_version, self.progress)

    def run_behavioral_tests(
        self, version: str | None = None, seed: int = 0
    ) -> list[BehaviorResult]:
        """Test with made-up histories whether a version ranks favourite brands as it should.

        Parameters
        ----------
        seed
            Random seed of the histories.

        Raises
        ------
        BadInputError
            The version holds imported lists.
        """
        recommender = load_recommender(self.workspace, version)
        return behave(
            trained_model(recommender), recommender.catalog, recommender.event_store.as_of, seed
        )

    def power(
        self, version: str | None = None, panel: str = "honest", players: int = DEFAULT_PLAYERS
    ) -> SimulatedStudyPower:
        """Simulate a study of a version in memory, and estimate how many people the gate needs.

        Parameters
        ----------
        panel
            How the simulated employees answer: a key of PANELS in recsys.simulation.raters.
        players
            The number of simulated employees.

        Raises
        ------
        WorkspaceError
            The shop is not a generated (planted) one, so its true favourites are unknown.
        UnknownNameError
            There is no such panel.
        NotEnoughError
            No simulated employee has enough history for a deck.
        """
        return simulate_power(
            self.workspace, self.workspace.version(version), panel, players, 1, self.progress
        )

    def import_lists(self, path: str | Path, name: str) -> ImportedLists:
        """Register the ranked lists of another system as a version.

        Parameters
        ----------
        path
            A Parquet file with the columns customer, brand and score.
        name
            The tag of the new version.

        Raises
        ------
        BadInputError
            The name or the file is not usable, or too many brands or customers are unknown.
        """
        return import_lists(self.workspace, Path(path), name, self.progress)

    def learn(self, study: str, version: str | None = None) -> ModelVersion:
        """Fit a version's weights to the answers of a simulated study, and save a new version.

        The participants of that study never count as judges of the new version.

        Raises
        ------
        BadInputError
            The study was played by real people, or the version holds imported lists.
        NotEnoughError
            Too few people answered.
        """
        workspace = self.workspace
        return learn_from_study(
            workspace, workspace.version(version), workspace.store.studies.get(study), self.progress
        )

    def rejected(self, version: str | None = None) -> list[RejectedBrand]:
        """Return the picks of a version that participants rejected most, most rejected first."""
        return rejected_brands(self.workspace, self.workspace.version(version).hash)

    def report(self, study: str | None = None) -> StudyStatus:
        """Return the current `report`, `verdict` and `decision` of a study, by default the newest.

        Raises UnknownNameError for an unknown study, BadInputError if there is no study yet.
        """
        return study_status(self.workspace.store, latest_study(self.workspace.store, study))

    def card(self, version: str | None = None) -> str:
        """Return the model card of a version in Markdown."""
        return model_card(self.workspace, self.workspace.version(version))

    def close(self) -> None:
        """Close the databases of the workspace."""
        self.workspace.close()
