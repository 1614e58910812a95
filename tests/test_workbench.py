"""The workbench: what it shows of no model, of versions, and of work in every state."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app import runtime
from app.processes import born
from app.registry import Version
from app.rows.database import now_ms
from app.rows.job_rows import State
from app.settings import Settings
from app.views.workbench_shown import interval, measured, plain
from recsys.model import FitOptions
from tests.shops import QUICK, fitted, planted

WORK = "Work that ran here, the newest first"


def script() -> None:
    from app.views import workbench

    workbench.page()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A planted shop without a model."""
    return planted(tmp_path_factory.mktemp("bare"))


@pytest.fixture(scope="module")
def modelled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, list[Version]]:
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
def bench(modelled: tuple[Settings, list[Version]]) -> Iterator[AppTest]:
    """The page over the shop with two versions."""
    yield opened(modelled[0])
    shut()


def opened(settings: Settings, language: str = "en") -> AppTest:
    runtime.use(settings)
    at = AppTest.from_function(script, default_timeout=30)
    at.query_params["lang"] = language
    return at


def shut() -> None:
    for job in runtime.jobs().jobs():
        runtime.jobs().cancel(job.id)
    runtime.close()


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
    assert store.add_job(id, kind, {}) is not None
    store.job_runs(id, process.pid, born(process.pid) or "")
    folder = runtime.settings().workspace / "jobs"
    folder.mkdir(exist_ok=True)
    said = '{"stage": "learning the brands", "fraction": 0.4, "heartbeat": 1}'
    (folder / f"{id}.json").write_text(said)
    (folder / f"{id}.log").write_text("line of the log\n")
    return id


def ended(kind: str, outcome: State, message: str) -> None:
    """Write a job down that has ended so."""
    store, id = runtime.store(), f"ended{now_ms()}{kind}{outcome}"
    assert store.add_job(id, kind, {}) is not None
    store.end_job(id, outcome, message)


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
    assert page.number_input(key="wb_popularity").value == default.weights.popularity
    assert all(field.help and "Between" in field.help for field in page.number_input)


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
    page.number_input(key=f"wb_{field}").set_value(value).run()
    page.button(key="wb_fit").click().run()
    assert [error.value for error in page.error] == [sentence]
    assert runtime.jobs().jobs() == before


def test_a_version_is_a_row_and_gives_an_estimate(
    bench: AppTest, modelled: tuple[Settings, list[Version]]
) -> None:
    bench.run()
    assert not bench.exception
    rows = table(bench, "Factors")
    assert [name.split("*")[2] for name in rows["Version"]] == [v.name for v in modelled[1]]
    assert list(rows["Factors"]) == ["4", "8"]
    assert "going by earlier fits" in words(bench)


def test_a_version_becomes_candidate_and_champion(
    bench: AppTest, modelled: tuple[Settings, list[Version]]
) -> None:
    newest, older = modelled[1]
    bench.run()
    bench.selectbox(key="wb_version").select(older.hash).run()
    bench.button(key="wb_candidate").click().run()
    bench.button(key="wb_champion").click().run()
    assert runtime.house().registry.aliases() == {
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
    assert [job.state for job in runtime.jobs().jobs()].count(State.RUNNING) == 1


def test_cancel_ends_the_process_and_leaves_a_row(
    page: AppTest, sleeper: subprocess.Popen[bytes]
) -> None:
    id = working(sleeper)
    page.run()
    page.button(key="wb_cancel").click().run()
    assert sleeper.poll() is not None
    assert runtime.jobs().job(id).state is State.CANCELLED
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
    ended("fit", State.FAILED, "No ![picture](http://example.org/x) here.")
    page.run()
    row = table(page, "What came of it").iloc[0]
    assert "failed" in row["State"]
    assert row["What came of it"].startswith("No \\!\\[picture\\]\\(http")


def test_a_few_named_brands_give_a_list_with_reasons_and_none_of_them(bench: AppTest) -> None:
    bench.run()
    known = bench.multiselect(key="wb_trial_brands").options
    bench.multiselect(key="wb_trial_brands").set_value(known[:2]).run()
    rows = table(bench, "Why")
    assert len(rows) == 10
    assert list(rows["Rank"]) == [str(n) for n in range(1, 11)]
    shown = [brand.strip("*") for brand in rows["Brand"]]
    assert not {plain(name) for name in known[:2]} & set(shown)
    assert all(why.endswith(".") for why in rows["Why"])
    assert "ranking 756 brands" in words(bench)


def test_a_persona_gives_a_list_and_no_page_takes_a_customer_id(bench: AppTest) -> None:
    bench.run()
    bench.segmented_control(key="wb_trial_way").set_value("persona").run()
    assert "draws for a living" in words(bench)
    assert len(table(bench, "Why")) == 10
    assert [field.key for field in bench.text_input] == ["wb_study_name"]


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
    runtime.house().registry.save(arrays, {}, {"balance": balance})
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
    store, folder = runtime.store(), runtime.settings().workspace / "jobs"
    folder.mkdir(exist_ok=True)
    assert store.add_job("judged", "evaluate", {"model": chosen}) is not None
    store.end_job("judged", State.DONE, chosen)
    (folder / "judged.result.json").write_text(
        json.dumps({"lines": lines, "customers": 231, "cut": 1})
    )
    bench.run()
    rows = table(bench, "NDCG@10")
    assert list(rows["Ranker"]) == ["**this version**", "popularity"]
    assert rows["Recall@10"][0].split() == ["0.500", "(0.400", "to", "0.600)"]
    assert list(rows["Model ahead by"]) == ["", "unknown"]
    assert bench.button(key="wb_evaluate").label == "Evaluate again"


def test_the_page_is_whole_in_dutch(modelled: tuple[Settings, list[Version]]) -> None:
    at = opened(modelled[0], "nl").run()
    assert not at.exception
    assert at.title[0].value == "Werkbank"
    assert [tab.label for tab in at.tabs] == [
        "Studie openen", "Wat als", "Offline-evaluatie", "Vergelijken", "Eerder werk",
    ]  # fmt: skip
    shut()


def test_a_workspace_without_events_gets_a_sentence(tmp_path: Path) -> None:
    def guarded() -> None:
        from app.views import frame, workbench

        frame.guarded(workbench.page, "en")

    runtime.use(Settings(workspace=tmp_path / "empty"))
    at = AppTest.from_function(guarded, default_timeout=30).run()
    assert not at.exception
    assert any("ingest" in error.value for error in at.error)
    runtime.close()


def test_a_sign_of_somebody_s_words_stands_for_itself() -> None:
    assert plain("a*b_[c](d)") == r"a\*b\_\[c\]\(d\)"


def test_measured_numbers_are_written_as_the_language_writes_them() -> None:
    assert measured("en", -0.0684) == "−0.068"
    assert measured("nl", 0.5, 1) == "0,5"
    assert interval("nl", 0.5, 0.4, 0.6).split() == ["0,500", "(0,400", "tot", "0,600)"]
