"""Model versions in the terminal: listed, tagged, compared, described and tried."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.reports.model_card import model_card
from app.storage.study_db.records import RejectionReason
from app.study.feedback import rejected_brands
from app.workspace.workspace import Workspace
from recsys.report.rejections import EVIDENCE_KINDS
from recsys.study.deck import Source
from recsys.study.swipes import Answer
from tests.support.cli_runner import brandswipe
from tests.support.planted_shops import QUICK, fitted


@pytest.fixture(scope="module")
def judged(planted: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A shop with two versions, the older one judged by 60 simulated colleagues."""
    import shutil

    from app.workspace.settings import Settings

    folder = tmp_path_factory.mktemp("judged") / "ws"
    shutil.copytree(planted, folder)
    for command in (
        ("model", "alias", "champion", Workspace(Settings(workspace=folder)).version().hash),
        ("study", "open", "--name", "Autumn"),
        ("study", "simulate", "--players", "60", "--panel", "polite"),
    ):
        said = brandswipe(*command, workspace=folder)
        assert said.code == 0, said.err
    fitted(Settings(workspace=folder), replace(QUICK, factors=4, regularization=30.0))
    return Workspace(Settings(workspace=folder))


def newest(house: Workspace) -> str:
    return house.registry.versions()[0].hash


def test_notes_tags_and_aliases_are_written_in_the_terminal_and_listed(judged: Workspace) -> None:
    where = judged.folder
    for command in (
        ("model", "tag", newest(judged), "spring"),
        ("model", "note", "spring", "few factors, to see what is lost"),
        ("model", "alias", "candidate", "spring"),
        ("model", "tag", "spring", "wrong"),
        ("model", "tag", "spring", "wrong", "--off"),
    ):
        assert brandswipe(*command, workspace=where).code == 0
    first, second = brandswipe("model", "list", "--format", "json", workspace=where).data
    assert (first["tags"], first["aliases"]) == (["spring"], ["candidate"])
    assert first["notes"] == ["few factors, to see what is lost"]
    assert second["aliases"] == ["champion"]
    assert second["studies"]["Autumn"] in ("hold", "undecided", "release")
    assert "spring" in brandswipe("model", "list", workspace=where).out


def test_two_versions_differ_in_parameters_figures_lists_and_brands(judged: Workspace) -> None:
    said = brandswipe(
        "model", "compare", "champion", newest(judged), "--format", "json",
        workspace=judged.folder,
    )  # fmt: skip
    assert said.code == 0, said.err
    assert said.data["parameters"]["factors"] == [32, 4]
    assert "alpha" not in said.data["parameters"]
    assert 0 < said.data["shared"]["value"] < 1
    assert said.data["shared"]["n"] == said.data["people"] >= 100
    assert len(said.data["differences"]) == 6
    ndcg = next(d["ahead"] for d in said.data["differences"] if d["metric"] == "ndcg")
    assert ndcg["low"] <= ndcg["value"] <= ndcg["high"]
    for move in (*said.data["rising"], *said.data["falling"]):
        assert all(n is None or n == 0 or n >= 10 for n in (move["first"], move["second"]))
    assert "95%, by bootstrap over customers, paired" in said.err


def test_a_version_s_card_says_what_it_is_for_and_what_people_said(judged: Workspace) -> None:
    card = brandswipe("model", "card", "champion", workspace=judged.folder).out
    for head in ("Intended use", "Data and parameters", "Evaluation on the log", "Limits"):
        assert f"## {head}" in card
    assert "**Autumn** (simulated):" in card
    assert "Not evaluated on the log." in card
    assert "| factors | 32 |" in card
    assert "Nobody has judged this version yet." in model_card(
        judged, judged.version(newest(judged))
    )


def test_an_offline_table_that_was_kept_with_a_version_is_on_its_card(house: Workspace) -> None:
    said = brandswipe(
        "model", "fit", "--factors", "8", "--iterations", "2", "--weights", "1,0.3,0.1",
        "--evaluate", "--format", "json", workspace=house.folder,
    )  # fmt: skip
    assert said.code == 0, said.err
    version = house.version(said.data["version"])
    offline = version.facts["offline"]
    assert {line["ranker"] for line in offline["lines"]} >= {"favourite", "ease", "popularity"}
    assert {part["by"] for part in offline["slices"]} == {
        "activity", "tenure", "popularity", "category",
    }  # fmt: skip
    card = model_card(house, version)
    assert "| any | this version |" in card
    assert "| activity | 15+ |" in card


def test_refused_picks_are_told_of_ten_people_or_more_with_kinds_and_reasons(
    judged: Workspace,
) -> None:
    row = judged.store.studies.get("Autumn")
    found = rejected_brands(judged, row.model)
    assert found
    assert all(brand.people >= 10 and brand.people % 5 == 0 for brand in found)
    shares = [brand.share for brand in found]
    assert shares == sorted(shares, reverse=True)
    assert all(set(brand.kinds) <= set(EVIDENCE_KINDS) for brand in found)
    assert not any(brand.reasons for brand in found)  # nobody has tapped one yet
    worst = found[0].brand
    told = 0
    for closing in judged.store.decks.closings(row.hash):
        deck = judged.store.decks.get(closing.deck or "").deck
        answers = judged.store.swipes.current_answers(deck.id)
        for card in deck.cards:
            refused = answers.get(card.position) is Answer.NOT_FAVOURITE
            if card.brand == worst and Source.PICK in card.sources and refused:
                why = RejectionReason.ONCE if told < 11 else RejectionReason.GIFT
                judged.store.swipes.add_rejection(deck.id, card.position, why)
                told += 1
    again = {brand.brand: brand for brand in rejected_brands(judged, row.model)}
    assert again[worst].reasons == ({"once": 10} if told >= 10 else {})
    said = brandswipe("model", "rejected", "champion", workspace=judged.folder)
    assert worst in said.out


def test_after_somebody_is_forgotten_a_refused_brand_moves_by_a_batch(
    judged: Workspace, tmp_path: Path
) -> None:
    import shutil

    from app.workspace.settings import Settings

    shutil.copytree(judged.folder, tmp_path / "ws")
    house = Workspace(Settings(workspace=tmp_path / "ws"))
    row = house.store.studies.get("Autumn")
    decks = [closing.deck or "" for closing in house.store.decks.closings(row.hash)]
    before = {brand.brand: brand.people for brand in rejected_brands(house, row.model)}
    house.store.participants.forget(house.store.decks.get(decks[7]).deck.participant)
    once = rejected_brands(house, row.model)
    after = {brand.brand: brand.people for brand in once}
    both = before.keys() & after.keys()
    assert both
    assert all(before[brand] - after[brand] >= 5 for brand in both)
    house.store.participants.forget(house.store.decks.get(decks[8]).deck.participant)
    assert rejected_brands(house, row.model) == once


def test_two_versions_are_asked_the_same_typed_history(judged: Workspace) -> None:
    said = brandswipe(
        "model", "what-if", "3 purchases of Lego at full price, 1 cheap Stabilo",
        "--model", "champion", "--beside", newest(judged), "--format", "json",
        workspace=judged.folder,
    )  # fmt: skip
    assert said.code == 0, said.err
    lists = [[row["brand"] for row in one["brands"]] for one in said.data]
    assert len(lists) == 2
    assert all(len(names) == 10 and "Lego" in names for names in lists)
    wrong = brandswipe("model", "what-if", "3 Leggo", workspace=judged.folder)
    assert (wrong.code, "Did you mean 'Lego'" in wrong.err) == (2, True)


def test_similar_brands_and_behaviour_are_asked_in_the_terminal(judged: Workspace) -> None:
    near = brandswipe(
        "model", "similar", "Lego", "--n", "3", "--format", "json", workspace=judged.folder
    )
    assert len(near.data) == 3
    found = brandswipe(
        "model", "test", "--model", "champion", "--format", "json", workspace=judged.folder
    )
    assert [row["question"] for row in found.data] == [
        "price_blind", "follow", "popularity", "same", "one_more",
    ]  # fmt: skip
    assert all(row["passed"] for row in found.data), found.data


def test_simulated_employees_judge_a_version_without_a_trace_in_its_studies(
    judged: Workspace,
) -> None:
    before = judged.store.studies.all()
    said = brandswipe(
        "study", "power", "--players", "60", "--model", "champion", "--panel", "keen",
        "--format", "json", workspace=judged.folder,
    )  # fmt: skip
    assert said.code == 0, said.err
    assert said.data["players"] == 60
    assert 0.5 < said.data["hit_rate"] <= 1
    assert said.data["power"]["horizon"] <= 60
    assert judged.store.studies.all() == before


def test_power_needs_a_planted_shop(tmp_path: Path) -> None:
    rows = "customer_id,ts,event,brand\n" + "".join(
        f"c{n},{1_760_000_000 + n},purchase,b{n % 40}\n" for n in range(200)
    )
    (tmp_path / "e.csv").write_text(rows)
    assert (
        brandswipe("data", "ingest", str(tmp_path / "e.csv"), workspace=tmp_path / "ws").code == 0
    )
    assert brandswipe("model", "fit", "--factors", "4", workspace=tmp_path / "ws").code == 0
    said = brandswipe("study", "power", workspace=tmp_path / "ws")
    assert (said.code, "in a planted shop only" in said.err) == (2, True)
