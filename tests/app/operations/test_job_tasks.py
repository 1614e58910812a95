"""Long work: what a job's process does with settings, arguments and a callable for progress."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from app.modeling.recommender import load_recommender
from app.operations.job_tasks import compare, evaluate, fit, power
from app.operations.job_worker import _save_result
from app.operations.jobs import Jobs
from app.storage.study_db.jobs import JobResult, JobState
from app.storage.study_db.store import StudyStore
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from recsys.errors import BadInputError, UnknownNameError, WorkspaceError
from recsys.models.hybrid import FitOptions, ScoreWeights, options_from_dict
from tests.support.planted_shops import QUICK as PLAIN
from tests.support.planted_shops import fitted, planted, silent

QUICK = {"factors": 8, "iterations": 2, "weights": {"popularity": 0.1}}  # nothing to choose


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return planted(tmp_path_factory.mktemp("work"))


def test_a_fit_returns_the_hash_of_a_version_that_can_be_loaded(settings: Settings) -> None:
    told: list[tuple[str, float]] = []
    hash = fit(settings, QUICK | {"weights": {"own": 2.0}}, lambda *said: told.append(said))
    house = Workspace(settings)
    assert house.version(hash).facts["options"]["weights"]["own"] == 2.0
    assert load_recommender(house, hash).version == hash
    house.close()
    stages = list(dict.fromkeys(stage for stage, _ in told))
    assert stages == ["reading the sample", "learning the brands", "dealing trial decks"]


def test_the_log_names_the_options_and_each_stage_once(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "brandswipe"):
        fit(settings, QUICK, silent)
    written = caplog.text
    assert "factors=8" in written
    assert written.count("learning the brands") == 1
    assert "Saved version" in written


def test_options_out_of_range_are_refused_and_save_nothing(settings: Settings) -> None:
    house = Workspace(settings)
    before = house.registry.versions()
    with pytest.raises(BadInputError, match="factors is 999; choose between 1 and 256"):
        fit(settings, {"factors": 999}, silent)
    assert house.registry.versions() == before
    house.close()


def test_options_survive_the_journey_through_plain_data() -> None:
    options = FitOptions(factors=8, weights=ScoreWeights(0.5, 0.25, 0.125))
    plain = {"factors": 8, "weights": {"own": 0.5, "collaborative": 0.25, "popularity": 0.125}}
    assert options_from_dict(plain) == options
    assert options_from_dict({}) == FitOptions()


def test_an_evaluation_asks_every_ranker_both_questions(settings: Settings) -> None:
    version = fitted(settings)
    ended = evaluate(settings, {"model": version.name}, silent)
    assert ended.message == version.hash
    asked = {(line["ranker"], line["task"]) for line in ended.result["lines"]}
    assert {task for _, task in asked} == {"any", "new"}
    assert len(asked) == 2 * 7
    assert json.loads(json.dumps(ended.result, allow_nan=False)) == ended.result


def test_an_evaluation_of_an_unknown_version_is_refused(settings: Settings) -> None:
    with pytest.raises(UnknownNameError, match="No model version is called 'nothing'"):
        evaluate(settings, {"model": "nothing"}, silent)


def test_a_fit_reads_the_window_it_was_given_and_keeps_the_offline_table(
    settings: Settings,
) -> None:
    notes: list[Mapping[str, float]] = []

    class Told:
        def __call__(self, stage: str, fraction: float) -> None:
            del stage, fraction

        def note(self, facts: Mapping[str, float]) -> None:
            notes.append(facts)

    window = {"events": "", "since": "2025-06-01", "until": ""}
    hash = fit(settings, QUICK | {"source": window, "evaluate": True, "expected": 3.0}, Told())
    house = Workspace(settings)
    facts = house.version(hash).facts
    assert facts["window"] == {"since": "2025-06-01", "until": ""}
    assert {line["task"] for line in facts["offline"]["lines"]} == {"any", "new"}
    assert [note["iteration"] for note in notes] == [1, 2]
    assert notes[1]["loss"] <= notes[0]["loss"]
    house.close()


def test_two_versions_are_compared_and_one_is_judged_by_simulated_employees(
    settings: Settings,
) -> None:
    first, second = fitted(settings), fitted(settings, replace(PLAIN, factors=4))
    ended = compare(settings, {"first": first.name, "second": second.name}, silent)
    assert ended.message == f"{first.hash} {second.hash}"
    assert len(ended.result["differences"]) == 6
    arguments = {"model": first.name, "players": 25, "seed": 1, "panel": "keen"}
    played = power(settings, arguments, silent)
    assert (played.message, played.result["players"]) == (first.hash, 25)
    assert all(json.dumps(found.result, allow_nan=False) for found in (ended, played))


def test_a_job_keeps_what_it_found_beside_itself(settings: Settings) -> None:
    version, store = fitted(settings), StudyStore(settings.store_path)
    jobs = Jobs(settings, store)
    job = jobs.start("evaluate", {"model": version.hash})
    deadline = time.monotonic() + 60
    while jobs.job(job.id).state is JobState.RUNNING:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (jobs.job(job.id).state, jobs.job(job.id).message) == (JobState.DONE, version.hash)
    result = jobs.result(job.id)
    assert result is not None
    assert len(result["lines"]) == 2 * 7
    assert jobs.result("another") is None
    jobs.close()
    store.close()


def test_a_result_that_cannot_be_kept_fails_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"The result could not be kept in .*: make room"):
        _save_result(JobResult("done", {"lines": []}), Settings(workspace=tmp_path), "job")
