"""The rooms of a workspace open when they are needed, and say what is missing."""

import dataclasses
from dataclasses import replace
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from app.modeling.recommender import load_recommender
from app.study.game import load_game, study_to_play
from app.study.opening import open_study
from app.workspace.settings import Settings
from app.workspace.workspace import DEFAULT_BASELINE, MAX_CACHED, Workspace
from recsys.errors import UnknownNameError, WorkspaceError
from recsys.models.hybrid import FitOptions
from recsys.study.policy import StudyKind
from tests.support.cli_runner import brandswipe
from tests.support.planted_shops import fitted


def study(house: Workspace, name: str, kind: StudyKind) -> str:
    model = house.version().hash
    return open_study(house.store, name, kind, house.policy, model, DEFAULT_BASELINE, 1).hash


def test_an_empty_workspace_says_what_to_do_first(tmp_path: Path) -> None:
    house = Workspace(Settings(workspace=tmp_path / "none"))
    with pytest.raises(WorkspaceError, match="run brandswipe data ingest"):
        _ = house.event_store
    with pytest.raises(WorkspaceError, match="Fit one with `brandswipe model fit`"):
        house.version()
    assert not (tmp_path / "none").exists()


def test_a_process_with_a_workspace_multiplies_on_one_thread(tmp_path: Path) -> None:
    with threadpool_limits(2, "blas"):
        Workspace(Settings(workspace=tmp_path))
        threads = [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]
    assert set(threads) == {1}


def test_the_store_is_made_when_it_is_first_needed_and_closed_once(tmp_path: Path) -> None:
    house = Workspace(Settings(workspace=tmp_path / "deep" / "ws"))
    house.close()
    assert house.store is house.store
    house.close()
    house.close()
    assert (tmp_path / "deep" / "ws" / "study.db").is_file()


def test_the_newest_version_answers_unless_a_candidate_is_named(house: Workspace) -> None:
    first = house.version().hash
    second = fitted(house.settings, FitOptions(factors=4, iterations=1)).hash
    assert house.version().hash == second
    assert house.version(first[:8]).hash == first
    house.registry.set_alias("candidate", first)
    assert house.version().hash == first
    with pytest.raises(UnknownNameError, match="model version is called 'bogus'"):
        house.version("bogus")


def test_a_brain_is_woken_once_for_a_model_policy_and_import(house: Workspace) -> None:
    brain = load_recommender(house)
    assert load_recommender(house) is brain
    stricter = replace(house.policy, sensitive=(*house.policy.sensitive, "toys"))
    assert load_recommender(house, policy=stricter) is not brain


def test_new_events_are_seen_without_a_restart(house: Workspace, tmp_path: Path) -> None:
    before, brain = house.event_store, load_recommender(house)
    (tmp_path / "more.csv").write_text(
        "customer_id,brand,event\nnew customer,Brand New,follow\nnew customer,Lego,follow\n"
    )
    assert (
        brandswipe("data", "ingest", str(tmp_path / "more.csv"), workspace=house.folder).code == 0
    )
    assert house.event_store is not before
    wider = load_recommender(house)
    assert wider is not brain
    ranked = wider.rank(wider.evidence_of("new customer"), 2)
    assert {score.brand for score in ranked} == {"Brand New", "Lego"}


def test_a_visitor_plays_in_the_newest_live_study_open_before_closed_else_in_the_playground(
    house: Workspace,
) -> None:
    assert study_to_play(house.store) is None
    study(house, "simulated", StudyKind.SIMULATED)
    assert study_to_play(house.store) is None
    fun = study(house, "fun", StudyKind.PLAYGROUND)
    assert study_to_play(house.store) == house.store.studies.get(fun)
    old, new = study(house, "old", StudyKind.LIVE), study(house, "new", StudyKind.LIVE)
    assert study_to_play(house.store) == house.store.studies.get(new)
    house.store.studies.close(new, "enough")
    assert study_to_play(house.store) == house.store.studies.get(old)
    house.store.studies.close(old, "enough")
    assert study_to_play(house.store) == house.store.studies.get(new)


def test_a_game_plays_by_the_model_and_policy_of_its_study(house: Workspace) -> None:
    first = study(house, "first", StudyKind.LIVE)
    fitted(house.settings, FitOptions(factors=4, iterations=1))
    game = load_game(house, house.store.studies.get(first))
    assert game.recommender.version == game.row.model != house.version().hash


def test_only_the_models_asked_last_stay_in_memory(house: Workspace) -> None:
    for number in range(MAX_CACHED + 2):
        load_recommender(house, policy=dataclasses.replace(house.policy, name=f"policy {number}"))
    assert len(house._cache) == MAX_CACHED
    assert load_recommender(house) is load_recommender(house)
