"""Weights tuned on answers: none of the people who answered judges the result."""

from pathlib import Path

from app.study.feedback import rejected_brands
from app.study.opening import open_study
from app.study.results import studies_of_version
from app.workspace.policies import default_policy
from app.workspace.settings import Settings
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.study.deck import Source
from recsys.study.policy import StudyKind
from tests.support.cli_runner import brandswipe


def played(workspace: Path, name: str, *options: str, players: int = 25) -> None:
    for command in (
        ("study", "open", "--name", name, *options),
        ("study", "simulate", "--players", str(players), "--study", name),
    ):
        said = brandswipe(*command, workspace=workspace)
        assert said.code == 0, said.err


def customers_of(house: Workspace, name: str) -> set[str]:
    from app.auth.identity import pseudonym
    from app.study.simulation import RaterPool, simulated_subject

    row = house.store.studies.get(name)
    who = {dealt.deck.participant for dealt in house.store.decks.of_study(row.hash)}
    everybody = RaterPool.of(house.folder).true_tastes
    return {c for c in everybody if pseudonym(house.keys, simulated_subject(row.hash, c)) in who}


def test_a_study_teaches_a_version_that_none_of_its_people_judges(workspace: Path) -> None:
    played(workspace, "Teacher")
    said = brandswipe("model", "learn", "Teacher", "--format", "json", workspace=workspace)
    assert said.code == 0, said.err
    house = Workspace(Settings(workspace=workspace))
    taught = house.version(said.data["version"])
    teacher = house.store.studies.get("Teacher")
    assert taught.facts["learnt_from"] == [teacher.hash]
    assert taught.facts["learnt"]["people"] == 25
    assert house.store.studies.training_studies(taught.hash) == [teacher.hash]
    assert taught.meta["blend"]["weights"] == taught.facts["options"]["weights"]
    assert taught.meta["blend"] != house.version(taught.facts["parent"]).meta["blend"]
    played(workspace, "Pupil", "--model", taught.hash)
    played(workspace, "Stranger", "--model", taught.facts["parent"])
    teachers, pupils = customers_of(house, "Teacher"), customers_of(house, "Pupil")
    assert len(teachers) == len(pupils) == 25
    assert not teachers & pupils
    assert customers_of(house, "Stranger") == teachers  # the same order of arrival, else
    house.close()


def test_a_taught_version_that_challenges_another_is_not_judged_by_its_teachers_either(
    workspace: Path,
) -> None:
    played(workspace, "Teacher")
    said = brandswipe("model", "learn", "Teacher", "--format", "json", workspace=workspace)
    taught, parent = said.data["version"], said.data["parent"]
    played(workspace, "Duel", "--model", parent, "--challenger", taught)
    house = Workspace(Settings(workspace=workspace))
    assert len(customers_of(house, "Duel")) == 25
    assert not customers_of(house, "Teacher") & customers_of(house, "Duel")
    assert [study.row.name for study in studies_of_version(house, taught)] == ["Duel"]
    assert {study.row.name for study in studies_of_version(house, parent)} == {
        "Duel",
        "Teacher",
    }
    picks = {brand.brand for brand in rejected_brands(house, taught)}
    lists = {
        card.brand
        for dealt in house.store.decks.of_study(house.store.studies.get("Duel").hash)
        for card in dealt.deck.cards
        if Source.CHALLENGER in card.sources
    }
    assert picks <= lists
    house.close()


def test_a_study_of_real_people_cannot_teach(house: Workspace) -> None:
    open_study(
        house.store,
        "Real",
        StudyKind.LIVE,
        default_policy(),
        house.version().hash,
        DEFAULT_BASELINE,
        1,
    )
    said = brandswipe("model", "learn", "Real", workspace=house.folder)
    assert (said.code, "was played by real people" in said.err) == (2, True)
