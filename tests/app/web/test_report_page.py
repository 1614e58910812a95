"""The product manager's page says what the report says, and nothing finer."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from jsonschema import Draft202012Validator
from streamlit.testing.v1 import AppTest

from app.presentation.i18n import LANGUAGES, load_texts, translate
from app.reports import exports, tables
from app.reports.charts_invited import forgotten_text
from app.reports.html import blocks
from app.reports.sequence_chart import sequence_chart
from app.reports.wording import (
    baseline_name,
    baseline_pairs,
    bounds_confidence,
    demo_headline,
    format_criterion_value,
    held_reason,
    percent_or_points,
    released_and_held,
    what_would_change,
)
from app.storage.study_db.records import StudyRow
from app.storage.study_db.store import StudyStore
from app.study.results import StudyStatus, study_status
from app.web import runtime
from app.web.views.report.page import studies_to_choose
from app.workspace.settings import Login, Settings, data_file
from recsys.report.evaluate import build_report
from recsys.report.gate import VerdictReason
from recsys.study.exclusions import ExclusionReason
from recsys.study.policy import StudyKind
from recsys.study.scoring import score_deck
from tests.support.cli_runner import brandswipe
from tests.support.closed_decks import STUDY, panel
from tests.support.report_workspace import HONEST, build, open_one, play

Open = Callable[..., AppTest]


def script() -> None:
    from app.web.views.report import page

    page.report_page()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("report")
    build(folder).close()
    return folder


@pytest.fixture(scope="module")
def judged(workspace: Path) -> Iterator[dict[str, StudyStatus]]:
    store = StudyStore(workspace / "study.db")
    yield {row.name: study_status(store, row) for row in store.studies.all()}
    store.close()


@pytest.fixture
def open_page() -> Iterator[Open]:
    def run(workspace: Path, **query: str) -> AppTest:
        runtime.use_settings(Settings(workspace=workspace, login=Login.LOCAL))
        at = AppTest.from_function(script, default_timeout=30)
        for name, value in query.items():
            at.query_params[name] = value
        at.run()
        assert not at.exception
        return at

    yield run
    runtime.close_all()


def words(at: AppTest) -> str:
    """Everything the page says, html included."""
    return " ".join(str(element.value) for kind in KINDS for element in at.get(kind)) + " ".join(
        html.proto.body for html in at.get("html")
    )


KINDS = ("title", "header", "subheader", "markdown", "caption", "info", "error")


class TestTheFirstLine:
    def test_the_demo_opens_with_the_two_studies_side_by_side(
        self, open_page: Open, workspace: Path, judged: dict[str, StudyStatus]
    ) -> None:
        at = open_page(workspace)
        assert at.title[0].value == demo_headline("en", judged["Spring"], judged["Summer"])
        assert blocks.demo_pair_html("en", judged["Spring"], judged["Summer"]) in [
            html.proto.body for html in at.get("html")
        ]

    @pytest.mark.parametrize(
        ("released", "held", "line"),
        [
            (0.8501, 0.8499, "Same 85%. One is released, one is not. Here is why."),
            (0.8449, 0.8499, "84% is released, 85% is not. Here is why."),
            (0.83, 0.9, "83% is released, 90% is not. Here is why."),
        ],
    )
    def test_the_same_share_is_claimed_only_where_both_round_into_it(
        self, judged: dict[str, StudyStatus], released: float, held: float, line: str
    ) -> None:
        first, second = at_hit_rate(judged["Spring"], released), at_hit_rate(judged["Summer"], held)
        assert demo_headline("en", first, second) == line

    def test_why_is_computed_from_the_two_studies(self, judged: dict[str, StudyStatus]) -> None:
        released, held = judged["Spring"], judged["Summer"]
        decoys = {arm.label: arm.liked for arm in held.report.arms}["decoy"]
        said = held_reason("en", released, held)
        assert f"were liked as well: {decoys:.0%} of them" in said
        assert f"in {held.verdict.criteria[1].value:.0%} of comparisons there" in said

    def test_a_study_held_at_another_bar_says_which(self, judged: dict[str, StudyStatus]) -> None:
        held = judged["Summer"]
        first, second, third = held.verdict.criteria
        criteria = (replace(first, failed=True), replace(second, failed=False), third)
        other = replace(held, verdict=replace(held.verdict, criteria=criteria))
        said = held_reason("en", judged["Spring"], other)
        assert said.startswith("Summer was held at another bar. Hit rate: 8")
        assert "decoys" not in said

    def test_there_is_no_story_without_both_outcomes(self, judged: dict[str, StudyStatus]) -> None:
        assert released_and_held([judged["Autumn"], judged["Summer"]]) is None
        assert released_and_held([judged["Summer"], judged["Spring"]]) == (
            judged["Spring"],
            judged["Summer"],
        )

    def test_outside_the_demo_the_page_opens_with_its_title(
        self, open_page: Open, tmp_path: Path
    ) -> None:
        store = build(tmp_path)
        (tmp_path / "demo.ready").unlink()
        store.close()
        assert open_page(tmp_path).title[0].value == "Accuracy"


def at_hit_rate(judged: StudyStatus, share: float) -> StudyStatus:
    first, *rest = judged.verdict.criteria
    verdict = replace(judged.verdict, criteria=(replace(first, value=share), *rest))
    return replace(judged, verdict=verdict)


def numbers(picture: Any) -> Iterator[float]:
    """Every number in the data that a picture sends to the browser."""
    assert not picture.proto.datasets
    for layer in json.loads(picture.proto.spec)["layer"]:
        for row in layer["data"]["values"]:
            yield from (value for value in row.values() if not isinstance(value, str))


class TestThePage:
    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("study", ["Spring", "Summer", "Autumn"])
    def test_a_link_opens_its_study_in_its_language(
        self,
        open_page: Open,
        workspace: Path,
        judged: dict[str, StudyStatus],
        study: str,
        language: str,
    ) -> None:
        at = open_page(workspace, study=study, lang=language, criterion="lift")
        shown = judged[study]
        assert at.selectbox[0].value == study
        assert blocks.verdict_html(language, shown) in [h.proto.body for h in at.get("html")]
        assert translate(language, "report.simulated") in words(at)
        assert at.query_params["study"] == study
        assert at.query_params["criterion"] == "lift"

    def test_another_study_changes_the_address(self, open_page: Open, workspace: Path) -> None:
        at = open_page(workspace)
        at.selectbox[0].select("Summer").run()
        assert at.query_params["study"] == "Summer"
        assert "bs-verdict bs-hold" in words(at)

    def test_a_link_to_no_study_says_so(self, open_page: Open, workspace: Path) -> None:
        at = open_page(workspace, study="Winter *<b>*")
        assert at.selectbox[0].value == "Autumn"
        assert "Winter" in at.info[0].value
        assert "*<b>*" not in at.info[0].value

    def test_every_picture_has_an_alternative_a_sentence_and_a_table(
        self, open_page: Open, workspace: Path
    ) -> None:
        at = open_page(workspace, study="Spring")
        pictures = at.get("vega_lite_chart")
        assert len(pictures) >= 8
        assert all(len(picture.proto.alt) > 20 for picture in pictures)
        behind = [each for each in at.expander if each.label == "The table behind this"]
        assert len(behind) == len(pictures) + 1  # the story is a picture as well
        assert all(len(each.get("table")) == 1 for each in behind)

    def test_nothing_is_drawn_finer_than_whole_figures(
        self, open_page: Open, workspace: Path
    ) -> None:
        at = open_page(workspace, study="Spring")
        drawn = [number for picture in at.get("vega_lite_chart") for number in numbers(picture)]
        assert len(drawn) > 100
        assert [number for number in drawn if not isinstance(number, int)] == []

    def test_the_run_follows_the_chosen_criterion(self, open_page: Open, workspace: Path) -> None:
        at = open_page(workspace, study="Spring", criterion="lift")
        said = [caption.value for caption in at.caption]
        assert any(re.match(r"After \d+ people\\: \+\d+, between", line) for line in said)
        assert any("The decision fell at" in line for line in said)

    def test_a_new_batch_is_on_the_page_at_once(self, open_page: Open, tmp_path: Path) -> None:
        store = StudyStore(tmp_path / "study.db")
        row, decks = open_one(store, "Open"), panel(15, 9, pick=0.8, rival=0.7, decoy=0.4)
        play(store, row, decks[:10])
        assert "10 people" in words(open_page(tmp_path))
        play(store, row, decks[10:])
        assert "15 people" in words(open_page(tmp_path))
        store.close()


class TestBelowTheLimits:
    def test_without_a_study_the_page_says_what_to_do(
        self, open_page: Open, tmp_path: Path
    ) -> None:
        at = open_page(tmp_path)
        assert at.title[0].value == "There is nothing to report yet"
        assert "brandswipe study open" in words(at)

    @pytest.mark.parametrize(
        ("people", "said", "pictures"),
        [
            (0, "No batch of 5 decks is closed yet, and no data is never a pass.", False),
            (1, "No batch of 5 decks is closed yet, and no data is never a pass.", False),
            (7, "The first numbers appear at 10 people, so that nobody can be picked out.", False),
            (10, "10 people have played; a verdict needs at least 20.", True),
        ],
    )
    def test_too_few_people_are_a_sentence_and_no_blank_picture(
        self, open_page: Open, tmp_path: Path, people: int, said: str, pictures: bool
    ) -> None:
        store = StudyStore(tmp_path / "study.db")
        row = open_one(store, "Young")
        play(store, row, panel(people, 3, **HONEST))
        store.close()
        at = open_page(tmp_path)
        assert said in words(at)
        assert bool(at.get("vega_lite_chart")) is pictures

    def test_alike_answers_of_all_are_no_traceback(self, open_page: Open, tmp_path: Path) -> None:
        store = StudyStore(tmp_path / "study.db")
        for name, share in (("All", 1.0), ("None", 0.0)):
            row = open_one(store, name)
            play(store, row, panel(20, 3, pick=share, rival=share, decoy=share))
        store.close()
        for name in ("All", "None"):
            open_page(tmp_path, study=name)

    def test_a_closed_study_does_not_wait_for_people(self, judged: dict[str, StudyStatus]) -> None:
        undecided = judged["Autumn"]
        closed = replace(undecided, row=replace(undecided.row, closed_at=1))
        assert "a new study" not in what_would_change("en", undecided)
        assert what_would_change("en", closed).endswith("so a new study has to find out.")


class TestTheFigures:
    def test_a_lift_is_said_in_points_of_difference(self) -> None:
        assert percent_or_points("lift", 0.65) == 30
        assert [format_criterion_value("en", "lift", x) for x in (0.65, 0.5, 0.4)] == [
            "+30",
            "0",
            "−20",
        ]
        assert format_criterion_value("nl", "hit_rate", 0.834) == "83%"
        assert format_criterion_value("en", "hit_rate", None) == "–"

    def test_a_pair_of_bounds_is_right_in_as_many_studies_as_the_policy_says(
        self, judged: dict[str, StudyStatus]
    ) -> None:
        assert bounds_confidence(judged["Spring"].report) == 0.93

    def test_the_rival_is_compared_like_with_like(self, judged: dict[str, StudyStatus]) -> None:
        page = judged["Spring"].report
        pairs = {name: (mine, theirs) for name, mine, theirs in baseline_pairs(page)}
        assert pairs["discrimination"][0] == page.secondary_metrics["auc_of_all_picks"]
        assert pairs["hit_rate"][0] == page.criteria[0].estimate
        assert pairs["hit_rate"][1] == page.secondary_metrics["rival_hit_rate"]

    def test_a_rival_without_words_keeps_its_name(self) -> None:
        assert baseline_name("en", "popularity") == "the most popular brands"
        assert baseline_name("nl", "ease") == "ease"

    def test_the_run_is_drawn_in_whole_figures(self, judged: dict[str, StudyStatus]) -> None:
        status = judged["Spring"]
        for found in status.report.criteria:
            chart = sequence_chart("en", status, found)
            assert len(chart.points) == len(found.run)
            figures = [figure for point in chart.points for figure in astuple(point)]
            assert {type(figure) for figure in (*figures, chart.bar)} == {int}

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_reason_arm_and_exclusion_has_words(self, language: str) -> None:
        known = load_texts(language)
        keys = [
            *(f"change_{why.value}" for why in VerdictReason),
            *(f"left_out_{reason.value}" for reason in ExclusionReason),
            *(f"kind_{kind.value}" for kind in StudyKind),
            *(f"arm_{arm}" for arm in ("pick", "baseline", "decoy", "near")),
            *(f"rival_{name}" for name in ("popularity", "own_purchases_then_views")),
        ]
        assert [key for key in keys if f"report.{key}" not in known] == []

    def test_fewer_than_a_cell_left_out_are_not_counted_out(
        self, judged: dict[str, StudyStatus]
    ) -> None:
        page = replace(judged["Spring"].report, excluded={ExclusionReason.THIN_HISTORY: None})
        report_with_more = replace(page, excluded={ExclusionReason.THIN_HISTORY: 12})
        assert tables.exclusions_table("en", page).iloc[0, 1] == "fewer than 10"
        assert tables.exclusions_table("en", report_with_more).iloc[0, 1] == "12"

    def test_the_history_says_how_each_study_ended(self, judged: dict[str, StudyStatus]) -> None:
        rows = [judged[name].row for name in ("Spring", "Autumn")]
        decisions = {judged[name].row.hash: judged[name].decision for name in judged}
        table = tables.history_table("en", rows, decisions)
        assert list(table["Verdict"]) == ["Release, 30 people", "Open"]

    def test_a_page_of_playgrounds_keeps_the_one_that_was_asked_for(
        self, judged: dict[str, StudyStatus]
    ) -> None:
        plain = judged["Playground"].row
        fun = [replace(plain, name=f"playground {n}") for n in range(20)]
        live: StudyRow = replace(plain, name="May", kind=StudyKind.LIVE)
        names = [row.name for row in studies_to_choose([*fun, live], "playground 12")]
        assert names[0] == "May"
        assert names[1:] == [*(f"playground {n}" for n in range(5)), "playground 12"]


def test_the_report_says_of_how_many_the_tables_tell_once_somebody_is_forgotten() -> None:
    decks = panel(40)
    gone = [score_deck(deck) if i == 7 else deck for i, deck in enumerate(decks)]
    assert forgotten_text("en", build_report(STUDY, decks)) == ""
    assert forgotten_text("en", build_report(STUDY, gone[:5])) == ""
    for language in LANGUAGES:
        said = forgotten_text(language, build_report(STUDY, gone))
        assert "40" in said
        assert "30" in said


class TestWhatLeaves:
    def test_the_download_is_the_published_report_and_nobody(
        self, judged: dict[str, StudyStatus]
    ) -> None:
        shown = judged["Spring"]
        content = json.loads(exports.render_report("json", "en", shown, None))
        assert content["verdict"]["outcome"] == "release"
        assert content["criteria"] == json.loads(json.dumps(shown.report.to_dict()["criteria"]))
        for ending in exports.MIME_TYPES:
            leaving = exports.render_report(ending, "en", shown, None)
            assert not re.search(r"\bp\d+\b|d-p\d|swipe-\d", leaving)

    @pytest.mark.parametrize("study", ["Spring", "Autumn", "Playground"])
    def test_page_and_terminal_write_the_same_bytes(
        self, open_page: Open, workspace: Path, monkeypatch: pytest.MonkeyPatch, study: str
    ) -> None:
        given = dict[str, str]()
        monkeypatch.setattr(
            st,
            "download_button",
            lambda _, content, name, *__, **___: given.update({name: content}),
        )
        open_page(workspace, study=study, lang="en")
        for ending in ("html", "md", "json", "csv"):
            said = brandswipe(
                "study", "report", "--study", study, "--format", ending, workspace=workspace
            )
            assert given.pop(f"brandswipe-{study.lower()}.{ending}") == said.out
            if ending == "json":
                schema = json.loads(data_file("report.schema.json").read_text())
                Draft202012Validator(schema).validate(said.data)
        assert given == {}, "another file is offered"

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_the_markdown_holds_verdict_tables_and_policy(
        self, judged: dict[str, StudyStatus], language: str
    ) -> None:
        content = exports.report_markdown(language, judged["Summer"])
        assert content.startswith(f"# Summer: {translate(language, 'report.hold').lower()}\n")
        assert translate(language, "report.simulated") in content
        assert judged["Summer"].report.policy.hash in content
        assert content.count("\n| --- ") >= 6

    @pytest.mark.parametrize("name", ["<script>alert(1)</script>", "[a](http://b)", "*a* | b"])
    def test_a_name_is_never_markup(self, judged: dict[str, StudyStatus], name: str) -> None:
        shown = judged["Spring"]
        evil = replace(shown, row=replace(shown.row, name=name))
        assert "<script" not in blocks.demo_pair_html("en", evil, judged["Summer"])
        assert "<script" not in blocks.held_reason_html("en", evil, judged["Summer"])
        assert not re.search(r"(?<!\\)[<\[*|]", exports.escape_markdown_line(name))

    @pytest.mark.parametrize(
        ("name", "file"),
        [("Spring 2026", "brandswipe-spring-2026.md"), ("../../x", "brandswipe-x.md"),
         ("///", "brandswipe-study.md")],
    )  # fmt: skip
    def test_a_file_name_is_one_that_every_system_takes(
        self, judged: dict[str, StudyStatus], name: str, file: str
    ) -> None:
        shown: Any = judged["Spring"]
        assert exports.report_file_name(
            replace(shown, row=replace(shown.row, name=name)), "md"
        ) == (file)
