"""A measure that is shown and decides nothing may fail: it reads unknown, the verdict stands."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from streamlit.testing.v1 import AppTest

from app.cli.study.report import _report_text
from app.presentation.i18n import LANGUAGES, translate
from app.presentation.verdict_text import verdict_text
from app.reports.chart_order import charts_in_order
from app.reports.charts import Chart
from app.reports.charts_invited import forgotten_text
from app.reports.ci_formats import gate_data, gate_junit, gate_summary
from app.reports.exports import report_csv, report_data, report_markdown
from app.reports.html.document import chart_figure
from app.reports.html.page import report_html
from app.reports.unknown_charts import value_or_unknown
from app.storage.study_db.records import StudyRow
from app.storage.study_db.store import StudyStore
from app.study.results import StudyStatus
from app.web import runtime
from app.web.views.play.participation import participation_bar
from app.workspace import json_log
from app.workspace.settings import Login, Settings, data_file
from recsys.disclosure import DisclosureRule
from recsys.report.card_measures import SECONDARY_METRICS
from recsys.report.evaluate import report_from_tally
from recsys.report.gate import decide
from recsys.report.report_data import Report
from recsys.report.shown_measures import NOT_COMPUTED, Failure, ShownMeasures
from recsys.report.tables import secondary_metrics
from recsys.report.tally import Tally, tally_decks
from tests.support.cli_runner import brandswipe
from tests.support.closed_decks import POLICY, STUDY, panel
from tests.support.report_workspace import open_one, play

PEOPLE = 30
BOOK = tally_decks(STUDY, panel(PEOPLE, 5, pick=0.8, rival=0.7, decoy=0.4))  # still undecided
SHEET, CARDS = BOOK.table, BOOK.table.cards
SCHEMA = Draft202012Validator(json.loads(data_file("report.schema.json").read_text()))


def with_sheet(**columns: object) -> Tally:
    return replace(BOOK, table=replace(SHEET, **columns))


BROKEN: dict[str, tuple[Tally, set[str]]] = {
    "cards": (
        with_sheet(cards=replace(CARDS, answer=CARDS.answer[:-1])),
        {"arms", "beside", "segments"},
    ),
    "hits": (with_sheet(hits=SHEET.hits[:1]), {"cards", "once_hit_rate"}),
    "times": (with_sheet(seconds=np.array(["?"] * PEOPLE)), {"seconds", "segments"}),
    "brands": (with_sheet(card_brand=SHEET.card_brand + 10_000), {"brands"}),
    "categories": (with_sheet(card_category=SHEET.card_category + 10_000), {"categories"}),
    "rows": (replace(BOOK, classified=(None,) * PEOPLE), {"excluded", "with_careless"}),
}
ALL = with_sheet(
    cards=replace(CARDS, answer=CARDS.answer[:-1]),
    hits=SHEET.hits[:1],
    seconds=np.array(["?"] * PEOPLE),
    card_brand=SHEET.card_brand + 10_000,
    card_category=SHEET.card_category + 10_000,
)
BROKEN["all of them"] = (
    replace(ALL, classified=(None,) * PEOPLE),
    set().union(*(failed for _, failed in BROKEN.values())),
)


def judged(report: Report) -> StudyStatus:
    """A report as the study's page has it."""
    row = StudyRow(
        STUDY.hash, STUDY.name, STUDY.kind, POLICY.to_dict(), STUDY.model, STUDY.baseline, 7, 1
    )
    return StudyStatus(row, report, decide(report, POLICY), None)


SOUND = judged(report_from_tally(BOOK, STUDY))


@pytest.fixture(params=BROKEN)
def failing(request: pytest.FixtureRequest) -> StudyStatus:
    return judged(report_from_tally(BROKEN[request.param][0], STUDY))


class TestTheReport:
    @pytest.mark.parametrize("name", BROKEN)
    def test_it_names_what_could_not_be_computed(self, name: str) -> None:
        book, failed = BROKEN[name]
        report = report_from_tally(book, STUDY)
        assert {failure.measure for failure in report.failures} == failed
        assert set(report.to_dict()["not_computed"]) == failed
        assert SOUND.report.failures == ()

    def test_the_verdict_is_that_of_a_report_in_which_nothing_failed(
        self, failing: StudyStatus
    ) -> None:
        assert failing.verdict == SOUND.verdict
        assert SOUND.verdict.criteria

    def test_a_forecast_that_fails_leaves_the_verdict_without_it(self) -> None:
        found = judged(report_from_tally(BOOK, STUDY, seed=-1))
        assert [failure.measure for failure in found.report.failures] == ["forecast"]
        assert found.report.forecast.reason == NOT_COMPUTED.reason
        assert found.verdict.criteria == SOUND.verdict.criteria
        assert verdict_text("en", SOUND.verdict).startswith(verdict_text("en", found.verdict))

    def test_one_measure_of_several_beside_the_criteria_fails_alone(self) -> None:
        measures = ShownMeasures()
        found = secondary_metrics(SHEET, 0.0, DisclosureRule(5, 10), measures)
        assert set(found.values()) == {NOT_COMPUTED}
        assert [failure.measure for failure in measures.failures] == list(SECONDARY_METRICS)

    def test_a_failure_says_kind_and_place_and_nothing_that_somebody_said(self) -> None:
        def compute() -> int:
            raise ValueError("the answer of p7")

        measures = ShownMeasures()
        assert measures.compute("one", compute, 5) == 5
        (failure,) = measures.failures
        assert failure.error.startswith(f"ValueError at {__name__}:")
        assert failure.error.endswith(" compute")


class TestTheFiles:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_what_shows_a_measure_that_failed_says_unknown(
        self, failing: StudyStatus, language: str
    ) -> None:
        unknown = translate(language, "report.not_computed")
        page, plain = report_html(language, failing), report_markdown(language, failing)
        assert unknown not in report_html(language, SOUND) + report_markdown(language, SOUND)
        named = {failure.measure for failure in failing.report.failures}
        assert (unknown in page) == bool(named - {"cards", "once_hit_rate"})
        assert (unknown in plain) == bool(named - {"cards", "once_hit_rate", "beside", "seconds"})

    def test_data_name_it_and_keep_to_the_schema(self, failing: StudyStatus) -> None:
        data = report_data(failing)
        assert [e.message for e in SCHEMA.iter_errors(data)] == []
        for measure in data["not_computed"]:
            assert f"not_computed,{measure}," in report_csv(failing)
        assert f"Unknown, as it could not be computed: {data['not_computed'][0]}" in _report_text(
            failing
        )

    def test_the_gate_s_files_are_as_if_nothing_had_failed(self, failing: StudyStatus) -> None:
        for shape in (gate_data, gate_summary, gate_junit):
            assert shape(failing) == shape(SOUND)

    def test_a_column_of_the_invited_that_was_not_compared_says_unknown(self) -> None:
        found = replace(SOUND, frame_shares={"team": ()})
        assert translate("en", "report.not_computed") in report_html("en", found)
        assert "this could not be computed" in report_markdown("en", found)

    def test_a_picture_of_which_something_is_known_shows_it(self) -> None:
        book, _ = BROKEN["hits"]
        report = report_from_tally(book, STUDY)
        titles = [
            figure.title for row in charts_in_order("en", judged(report), None) for figure in row
        ]
        assert titles == [
            figure.title for row in charts_in_order("en", SOUND, None) for figure in row
        ]
        assert forgotten_text("en", report) == ""


def broken_picture() -> None:
    from app.reports.charts import Chart
    from app.web.views.report.sections import show_side_by_side

    show_side_by_side("en", [Chart("One", "Said.", rows=["no lane"]), Chart("Two", "Said.")])


def script(found: object) -> None:
    from app.web.views.report.page import _show_study

    _show_study("en", found)


class TestThePages:
    def test_the_report_is_drawn_to_its_end(self, failing: StudyStatus, tmp_path: Path) -> None:
        runtime.use_settings(Settings(workspace=tmp_path, login=Login.LOCAL))
        at = AppTest.from_function(script, default_timeout=30, args=(failing,)).run()
        runtime.close_all()
        assert not at.exception
        headers = [header.value for header in at.header]
        assert headers[-1] == translate("en", "report.policy_title")

    def test_a_picture_that_cannot_be_drawn_leaves_the_next_one_alone(self) -> None:
        at = AppTest.from_function(broken_picture).run()
        assert not at.exception
        said = [caption.value for caption in at.caption]
        assert said == [translate("en", "report.not_computed"), "Said."]
        shown = chart_figure(Chart("One", "Said.", rows=["no lane"]))
        assert (shown.picture, shown.caption) == ("", "Said.")

    def test_the_reveal_says_nothing_of_a_forecast_that_failed(self) -> None:
        said = participation_bar("en", report_from_tally(BOOK, STUDY, seed=-1)).caption
        assert "more until there is a verdict" not in said
        assert "  " not in said


class TestTheJournal:
    @pytest.fixture
    def lines(self, caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
        caplog.set_level(logging.INFO, json_log.LOGGER_NAME)
        return lambda: [json_log.JsonFormatter().format(record) for record in caplog.records]

    def test_a_failure_is_one_line_with_measure_and_error(
        self, lines: Callable[[], list[str]]
    ) -> None:
        json_log.not_computed(
            [Failure("seconds", "TypeError at recsys.report.evaluate:7 _seconds")]
        )
        (line,) = map(json.loads, lines())
        assert (line["level"], line["event"]) == ("error", "measure_failed")
        assert line["words"] == (
            "a measure could not be computed, seconds: "
            "TypeError at recsys.report.evaluate:7 _seconds"
        )

    def test_a_picture_that_cannot_be_drawn_is_one_as_well(
        self, lines: Callable[[], list[str]]
    ) -> None:
        assert value_or_unknown("picture, arms", lambda: 1 // 0, 3) == 3
        assert "picture, arms: ZeroDivisionError at" in json.loads(lines()[0])["words"]

    def test_a_study_with_categories_of_mixed_kinds_has_its_verdict(
        self, tmp_path: Path, lines: Callable[[], list[str]]
    ) -> None:
        """Names and numbers cannot be put in one order, so that the table of categories fails."""
        store = StudyStore(tmp_path / "study.db")
        play(store, open_one(store, "Mixed"), list(mixed()))
        store.close()
        said = [
            brandswipe("study", *command, workspace=tmp_path)
            for command in (("report",), ("report", "--format", "html"), ("gate",))
        ]
        assert [each.code for each in said] == [0, 0, 3]
        assert "Unknown, as it could not be computed: categories." in said[0].out
        assert translate("en", "report.not_computed") in said[1].out
        assert len(lines()) == 3  # one for each time that the study was judged
        assert "computed, categories: TypeError at recsys.report.tables" in lines()[0]


def mixed() -> Iterator[object]:
    for played in panel(PEOPLE, 5, pick=0.8, rival=0.7, decoy=0.4):
        cards = [
            replace(card, category=(7, "toys")[card.position % 2]) for card in played.deck.cards
        ]
        yield replace(played, deck=replace(played.deck, cards=tuple(cards)))
