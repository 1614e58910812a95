"""The workbench: what it shows of no model, of versions, and of work in every state."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from app.modeling.recommender import load_recommender
from app.operations.processes import start_time
from app.storage.model_registry import ModelVersion
from app.storage.study_db.database import now_ms
from app.storage.study_db.jobs import JobState
from app.web import runtime
from app.web.views.workbench.formatting import escape_all_markdown, format_interval, format_measured
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from recsys.models.hybrid import FitOptions, ScoreWeights
from tests.support.cli_runner import brandswipe
from tests.support.planted_shops import QUICK, fitted, planted

WORK = "Work that ran here, the newest first"


def script() -> None:
    from app.web.views.workbench import page as workbench

    workbench.workbench_page()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A planted shop without a model."""
    return planted(tmp_path_factory.mktemp("bare"))


@pytest.fixture(scope="module")
def modelled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, list[ModelVersion]]:
    """A planted shop with two versions, the newest first."""
    settings = planted(tmp_path_factory.mktemp("modelled"))
    older = fitted(settings)
    return settings, [fitted(settings, replace(QUICK, factors=4)), older]


@pytest.fixture
def page(bare: Settings) -> Iterator[AppTest]:
    """The page over the bare shop; its jobs are ended afterwards."""
    yield opened(bare)
    shut()


@pytest.fixture
def bench(modelled: tuple[Settings, list[ModelVersion]]) -> Iterator[AppTest]:
    """The page over the shop with two versions."""
    yield opened(modelled[0])
    shut()


def opened(settings: Settings, language: str = "en") -> AppTest:
    runtime.use_settings(settings)
    at = AppTest.from_function(script, default_timeout=30)
    at.query_params["lang"] = language
    return at


def shut() -> None:
    for job in runtime.jobs().jobs():
        runtime.jobs().cancel(job.id)
    runtime.close_all()


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours that works for a minute."""
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True
    )
    yield process
    process.kill()
    process.wait()


def working(process: subprocess.Popen[bytes], kind: str = "fit") -> str:
    """Write a job down as the work of this process; return its id."""
    store, id = runtime.store(), f"job{process.pid}"
    assert store.jobs.add(id, kind, {}) is not None
    store.jobs.record_process(id, process.pid, start_time(process.pid) or "")
    folder = runtime.settings().workspace / "jobs"
    folder.mkdir(exist_ok=True)
    said = {
        "stage": "learning the brands",
        "fraction": 0.4,
        "since": now_ms() - 4000,
        "notes": {"iteration": 3, "loss": 0.012345},
        "heartbeat": 1,
    }
    (folder / f"{id}.json").write_text(json.dumps(said))
    (folder / f"{id}.log").write_text("line of the log\n")
    return id


def ended(kind: str, outcome: JobState, message: str) -> None:
    """Write a job down that has ended so."""
    store, id = runtime.store(), f"ended{now_ms()}{kind}{outcome}"
    assert store.jobs.add(id, kind, {}) is not None
    store.jobs.end(id, outcome, message)


def words(at: AppTest) -> str:
    """Everything that the page says, on one line."""
    parts = [*at.markdown, *at.caption, *at.info, *at.warning, *at.error, *at.success]
    return " ".join(str(part.value) for part in parts)


def table(at: AppTest, column: str) -> Any:
    """The table that has this column."""
    return next(t.value for t in at.table if column in t.value.columns)


def test_without_a_model_the_page_says_what_to_do_and_guesses_no_time(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert "There is no model yet" in words(page)
    assert "No estimate yet" in words(page)
    default = FitOptions()
    assert page.number_input(key="wb_factors").value == default.factors
    assert not any(field.key == "wb_popularity" for field in page.number_input)
    page.toggle(key="wb_choose").set_value(False).run()
    assert page.number_input(key="wb_popularity").value == ScoreWeights().popularity
    fields = [*page.number_input, *page.toggle, *page.date_input, *page.selectbox]
    assert all(field.help for field in fields)
    assert all("Between" in field.help for field in page.number_input)


def test_the_sample_is_told_in_customers_and_is_as_many_as_are_enough(
    bare: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(bare).run()
    assert page.number_input(key="wb_sample").value == 1.0
    assert "All 302 customers." in words(page)
    page.number_input(key="wb_sample").set_value(0.5).run()
    assert "151 of 302 customers." in words(page)
    shut()
    monkeypatch.setattr("recsys.models.hybrid_params.DEFAULT_SAMPLE_SIZE", 151)
    page = opened(bare, "nl").run()
    assert page.number_input(key="wb_sample").value == 0.5
    assert "151 van de 302 klanten." in words(page)
    shut()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("factors", 300, "factors is 300; choose between 1 and 256."),
        ("sample", 0.0, "sample is 0; choose between 0.001 and 1."),
        ("own", -1.0, "The weight own is -1; choose between 0 and 100."),
    ],
)
def test_a_parameter_out_of_range_is_refused_with_a_sentence_and_starts_nothing(
    page: AppTest, field: str, value: float, sentence: str
) -> None:
    before = runtime.jobs().jobs()
    page.run()
    page.toggle(key="wb_choose").set_value(False).run()
    page.number_input(key=f"wb_{field}").set_value(value).run()
    page.button(key="wb_fit").click().run()
    assert [error.value for error in page.error] == [sentence]
    assert runtime.jobs().jobs() == before


def test_a_version_is_a_row_and_gives_an_estimate(
    bench: AppTest, modelled: tuple[Settings, list[ModelVersion]]
) -> None:
    bench.run()
    assert not bench.exception
    rows = table(bench, "Factors")
    assert [name.split("*")[2] for name in rows["Version"]] == [v.name for v in modelled[1]]
    assert list(rows["Factors"]) == ["4", "8"]
    assert "going by earlier fits" in words(bench)


def test_a_version_becomes_candidate_and_champion(
    bench: AppTest, modelled: tuple[Settings, list[ModelVersion]]
) -> None:
    newest, older = modelled[1]
    bench.run()
    bench.selectbox(key="wb_version").select(older.hash).run()
    bench.button(key="wb_candidate").click().run()
    bench.button(key="wb_champion").click().run()
    assert runtime.workspace().registry.aliases() == {
        "candidate": older.hash,
        "champion": older.hash,
    }
    assert bench.button(key="wb_candidate").disabled
    assert "candidate" in table(bench, "Factors")["Version"][1]
    bench.selectbox(key="wb_version").select(newest.hash).run()
    assert not bench.button(key="wb_candidate").disabled


def test_two_versions_are_compared_by_what_differs(bench: AppTest) -> None:
    bench.run()
    rows = table(bench, "Differs in")
    assert "Factors" in list(rows["Differs in"])
    assert "Alpha" not in list(rows["Differs in"])


def test_running_work_shows_stage_share_and_log_also_to_a_page_opened_later(
    page: AppTest, sleeper: subprocess.Popen[bytes]
) -> None:
    working(sleeper)
    for at in (page, opened_again()):
        at.run()
        assert not at.exception
        progress = at.get("progress")[0].proto
        assert (progress.value, progress.text) == (40, "Learning the brands, 40%")
        assert "s so far" in words(at)
        assert "left · pass 3 of 6, loss 0.01235" in words(at)
        assert at.code[0].value == "line of the log"


def opened_again() -> AppTest:
    at = AppTest.from_function(script, default_timeout=30)
    at.query_params["lang"] = "en"
    return at


def test_a_second_fit_is_refused_politely(page: AppTest, sleeper: subprocess.Popen[bytes]) -> None:
    working(sleeper)
    page.run()
    page.button(key="wb_fit").click().run()
    assert [w.value for w in page.warning] == [
        "A fit is running already. Wait for it, or cancel it on the page."
    ]
    assert [job.state for job in runtime.jobs().jobs()].count(JobState.RUNNING) == 1


def test_cancel_ends_the_process_and_leaves_a_row(
    page: AppTest, sleeper: subprocess.Popen[bytes]
) -> None:
    id = working(sleeper)
    page.run()
    page.button(key="wb_cancel").click().run()
    assert sleeper.poll() is not None
    assert runtime.jobs().job(id).state is JobState.CANCELLED
    row = table(page, "What came of it").iloc[0]
    assert ("cancelled" in row["State"], row["What came of it"]) == (True, "Nothing was saved.")
    assert row["Start"]
    assert row["End"]


def test_work_whose_process_is_gone_is_called_interrupted(
    page: AppTest, sleeper: subprocess.Popen[bytes]
) -> None:
    working(sleeper)
    sleeper.kill()
    sleeper.wait()
    page.run()
    row = table(page, "What came of it").iloc[0]
    assert "interrupted" in row["State"]
    assert "ended before the work was done; nothing was saved" in row["What came of it"]


def test_work_that_failed_says_why_and_its_words_are_no_markdown(page: AppTest) -> None:
    ended("fit", JobState.FAILED, "No ![picture](http://example.org/x) here.")
    page.run()
    row = table(page, "What came of it").iloc[0]
    assert "failed" in row["State"]
    assert row["What came of it"].startswith("No \\!\\[picture\\]\\(http")


def test_a_typed_history_gives_a_list_with_reasons_and_says_how_it_was_read(
    bench: AppTest,
) -> None:
    bench.run()
    bench.text_area(key="wb_history").set_value(
        "3 purchases of Lego at full price, 1 cheap Stabilo"
    ).run()
    assert not bench.exception
    rows = table(bench, "Why")
    assert list(rows["Rank"]) == [str(n) for n in range(1, 11)]
    assert "Read as: 3 × bought Lego at full price; 1 × bought Stabilo at half price." in words(
        bench
    )
    why = dict(zip(rows["Brand"], rows["Why"], strict=True))
    assert why["**Lego**"].startswith("You bought it 3 times, always at full price.")
    assert "ranking 756 brands" in words(bench)


def test_two_versions_are_asked_the_same_side_by_side(
    bench: AppTest, modelled: tuple[Settings, list[ModelVersion]]
) -> None:
    bench.run()
    other = next(v for v in modelled[1] if v.hash != bench.selectbox(key="wb_version").value)
    bench.text_area(key="wb_history").set_value("2 purchases of Lego").run()
    bench.selectbox(key="wb_beside").select(other.hash).run()
    lists = [t.value for t in bench.table if "Why" in t.value.columns]
    assert [len(rows) for rows in lists] == [10, 10]
    assert f"**{other.name}**" in words(bench)


@pytest.mark.parametrize(
    ("history", "sentence"),
    [
        ("3 purchases of Leggo", "Did you mean 'Lego'?"),
        ("3 stolen Lego", "What 'stolen' says of Lego is not understood."),
    ],
)
def test_a_history_that_is_not_understood_gets_a_sentence(
    bench: AppTest, history: str, sentence: str
) -> None:
    bench.run()
    bench.text_area(key="wb_history").set_value(history).run()
    assert not bench.exception
    assert any(sentence in error.value for error in bench.error)


def test_a_persona_gives_a_list_and_no_page_takes_a_customer_id(bench: AppTest) -> None:
    bench.run()
    bench.segmented_control(key="wb_trial_way").set_value("persona").run()
    assert "draws for a living" in words(bench)
    assert len(table(bench, "Why")) == 10
    assert {field.key for field in bench.text_input} == {"wb_study_name", "wb_tag"}


def test_brands_alike_are_found_by_name(bench: AppTest) -> None:
    bench.run()
    bench.selectbox(key="wb_similar").select("Lego").run()
    likeness = [float(value) for value in table(bench, "Likeness")["Likeness"]]
    assert likeness == sorted(likeness, reverse=True)


def test_five_questions_of_behaviour_are_answered_on_the_page(bench: AppTest) -> None:
    bench.run()
    bench.button(key="wb_behave").click().run()
    rows = table(bench, "Question")
    assert len(rows) == 5
    assert all(often.split()[1:] == ["of", "40"] for often in rows["How often"])


def test_notes_and_tags_are_kept_beside_a_version(bench: AppTest) -> None:
    bench.run()
    hash = bench.selectbox(key="wb_version").value
    bench.text_area(key="wb_note").set_value("fine <b>and</b> quick")
    bench.text_input(key="wb_tag").set_value("Not a tag")
    keep = next(b for b in bench.button if b.label == "Keep")
    keep.click().run()
    assert any("cannot be a tag" in error.value for error in bench.error)
    bench.text_input(key="wb_tag").set_value("spring")
    next(b for b in bench.button if b.label == "Keep").click().run()
    kept = runtime.workspace().registry.annotations
    assert kept.tags(hash) == ["spring"]
    assert "spring" in " ".join(table(bench, "Factors")["Version"])


def test_a_version_that_was_edited_by_hand_is_refused_by_its_name(tmp_path: Path) -> None:
    settings = planted(tmp_path)
    version = fitted(settings)
    path = settings.workspace / "models" / version.hash / "factors.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    at = opened(settings).run()
    at.button(key="wb_study_review").click().run()
    at.button(key="wb_study_lock").click().run()
    assert not at.exception
    assert runtime.store().studies.all() == []
    assert any(f"{version.name} is not what was saved" in e.value for e in at.error)
    shut()


def test_lists_of_another_system_say_on_the_page_what_they_can_and_cannot(tmp_path: Path) -> None:
    settings = planted(tmp_path)
    fitted(settings)
    house = Workspace(settings)
    customers = list(house.event_store.customer_ids())[:100]
    brands = [str(name) for name in load_recommender(house).model.brand_index.brands[:40]]
    house.close()
    rows = [(who, brand, -place) for who in customers for place, brand in enumerate(brands)]
    columns = dict(
        zip(("customer", "brand", "score"), map(list, zip(*rows, strict=True)), strict=True)
    )
    pq.write_table(pa.table(columns), tmp_path / "lists.parquet")
    said = brandswipe(
        "model", "import", str(tmp_path / "lists.parquet"), "--name", "theirs",
        workspace=settings.workspace,
    )  # fmt: skip
    assert said.code == 0, said.err
    at = opened(settings).run()
    at.selectbox(key="wb_version").select(whole(said.out.strip())).run()
    assert not at.exception
    assert "people alone can judge them" in words(at)
    at.text_area(key="wb_history").set_value("2 purchases of Lego").run()
    assert not at.exception
    assert any("can be asked about no history" in error.value for error in at.error)
    shut()


def whole(short: str) -> str:
    """The hash of a version by its short name."""
    return runtime.workspace().registry.resolve(short)


def test_a_window_without_events_is_refused_before_anything_starts(page: AppTest) -> None:
    page.run()
    page.date_input(key="wb_until").set_value(date(1999, 1, 1)).run()
    page.button(key="wb_fit").click().run()
    assert any("There is no event to 1999-01-01" in error.value for error in page.error)
    assert runtime.jobs().running() is None


def test_another_policy_shows_in_what_it_differs_from_the_usual_one(bench: AppTest) -> None:
    bench.run()
    assert "This is the usual policy." in words(bench)
    bench.selectbox(key="wb_study_policy").select("worth-a-quarter").run()
    rows = table(bench, "Usual")
    differs = dict(
        zip(rows["Differs in"], zip(rows["Usual"], rows["Here"], strict=True), strict=True)
    )
    assert differs["strict"] == ("False", "True")
    assert r"criteria\.hit\_rate\.bar" in differs


def test_what_was_found_of_two_versions_and_of_their_power_is_shown(
    bench: AppTest, modelled: tuple[Settings, list[ModelVersion]]
) -> None:
    bench.run()
    here = bench.selectbox(key="wb_version").value
    other = next(v.hash for v in modelled[1] if v.hash != here)
    estimate = {"value": 0.61, "low": 0.58, "high": 0.64, "n": 200}
    found = {
        "people": 200, "shared": estimate, "why_none": None,
        "rising": [{"brand": "Lego", "first": None, "second": 31}], "falling": [],
        "differences": [{"task": "any", "metric": "ndcg", "ahead": estimate}],
    }  # fmt: skip
    power = {
        "panel": "honest", "players": 2000, "hit_rate": 0.85,
        "power": {
            "median": 45, "most": 70, "horizon": 400,
            "looks": [{"people": 40, "released": 0.4, "held": 0.0}],
        },
    }  # fmt: skip
    done("compare", {"first": other, "second": here}, f"{other} {here}", found)
    done("power", {"model": here, "panel": "honest"}, here, power)
    bench.run()
    assert not bench.exception
    assert "both have **61%** (58% to 64%)" in words(bench)
    assert list(table(bench, "Figure")["Figure"]) == ["NDCG@10"]
    assert "– → 31" in list(table(bench, "People")["People"]) or any(
        "– → 31" in list(t.value.get("People", [])) for t in bench.table
    )
    assert "Half of the studies decide after 45 people, nine of ten after 70." in words(bench)


def done(kind: str, arguments: dict[str, Any], message: str, found: dict[str, Any]) -> None:
    """Write a job down that has ended well, with what it found."""
    store, folder = runtime.store(), runtime.settings().workspace / "jobs"
    folder.mkdir(exist_ok=True)
    id = f"done{kind}"
    assert store.jobs.add(id, kind, arguments) is not None
    store.jobs.end(id, JobState.DONE, message)
    (folder / f"{id}.result.json").write_text(json.dumps(found))


def test_the_policy_s_bars_stand_beside_their_reasons(bench: AppTest) -> None:
    bench.run()
    rows = table(bench, "Because")
    assert list(rows["Bar"]) == ["75%", "65%", "0"]  # the lift in points
    assert all(len(reason) > 40 for reason in rows["Because"])
    assert not bench.warning


@pytest.mark.parametrize(
    ("balance", "sentence"),
    [(0.9, "by 0.90 standard deviations. Above 0.25"), (None, "No trial deck could be dealt")],
)
def test_a_version_whose_decoys_would_differ_is_warned_of(
    tmp_path: Path, balance: float | None, sentence: str
) -> None:
    at = opened(planted(tmp_path))
    arrays = {"factors": np.zeros((2, 2), np.float32)}
    runtime.workspace().registry.save(arrays, {}, {"balance": balance})
    at.run()
    assert sentence in words(at)
    shut()


def test_an_evaluation_is_a_table_of_estimates_with_intervals(bench: AppTest) -> None:
    bench.run()
    chosen = bench.selectbox(key="wb_version").value
    assert "has not been evaluated yet" in words(bench)
    estimate = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 231}
    unknown = {"value": None, "low": None, "high": None, "n": 0}
    ranked = {"recall": estimate, "ndcg": estimate, "ndcg_ahead": unknown}
    lines = [{"ranker": name, "task": "any"} | ranked for name in ("favourite", "popularity")]
    groups = [
        {"by": "activity", "name": "15+", "found": estimate},
        {"by": "activity", "name": "1-4", "found": unknown},
        {"by": "category", "name": "Toys_and_*games*", "found": estimate},
    ]
    store, folder = runtime.store(), runtime.settings().workspace / "jobs"
    folder.mkdir(exist_ok=True)
    assert store.jobs.add("judged", "evaluate", {"model": chosen}) is not None
    store.jobs.end("judged", JobState.DONE, chosen)
    (folder / "judged.result.json").write_text(
        json.dumps({"lines": lines, "customers": 231, "cut": 1, "slices": groups})
    )
    bench.run()
    rows = table(bench, "NDCG@10")
    assert list(rows["Ranker"]) == ["**this version**", "popularity"]
    assert rows["Recall@10"][0].split() == ["0.500", "(0.400", "to", "0.600)"]
    assert list(rows["Model ahead by"]) == ["", "unknown"]
    assert bench.button(key="wb_evaluate").label == "Evaluate again"
    groups_shown = table(bench, "Brands she knew")
    assert list(groups_shown["Customers"]) == ["231", "–"]
    assert groups_shown["Recall@10"][1] == "too few to show"


def test_the_page_is_whole_in_dutch(modelled: tuple[Settings, list[ModelVersion]]) -> None:
    at = opened(modelled[0], "nl").run()
    assert not at.exception
    assert at.title[0].value == "Werkbank"
    assert [tab.label for tab in at.tabs] == [
        "Bewijs", "Wat als", "Proeven", "Vergelijken", "Studie openen", "Eerder werk",
    ]  # fmt: skip
    shut()


def test_a_workspace_without_events_gets_a_sentence(tmp_path: Path) -> None:
    def guarded() -> None:
        from app.web.views import layout
        from app.web.views.workbench import page as workbench

        layout.run_guarded(workbench.workbench_page, "en")

    runtime.use_settings(Settings(workspace=tmp_path / "empty"))
    at = AppTest.from_function(guarded, default_timeout=30).run()
    assert not at.exception
    assert any("ingest" in error.value for error in at.error)
    runtime.close_all()


def test_a_sign_of_somebody_s_words_stands_for_itself() -> None:
    assert escape_all_markdown("a*b_[c](d)") == r"a\*b\_\[c\]\(d\)"


def test_measured_numbers_are_written_as_the_language_writes_them() -> None:
    assert format_measured("en", -0.0684) == "−0.068"
    assert format_measured("nl", 0.5, 1) == "0,5"
    assert format_interval("nl", 0.5, 0.4, 0.6).split() == ["0,500", "(0,400", "tot", "0,600)"]
