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

from app.cli.study.results import _report_text
from app.presentation.i18n import LANGUAGES, text
from app.reports.chart_order import rows
from app.reports.charts import Figure
from app.reports.charts_people import forgotten
from app.reports.ci_formats import as_junit, as_summary, gate_data
from app.reports.exports import as_csv, as_data, as_markdown
from app.reports.html.page import _figure, as_html
from app.reports.unknown_charts import value_or_unknown
from app.storage.study_db.records import StudyRow
from app.storage.study_db.store import Store
from app.study.results import Judged
from app.web import runtime
from app.web.pages.play.participation import meter
from app.workspace import json_log
from app.workspace.settings import Login, Settings, data_file
from recsys.report.evaluate import Report, report_of
from recsys.report.gate import decide
from recsys.report.responses import MEASURES
from recsys.report.shown_measures import NOT_COMPUTED, Failure, ShownMeasures
from recsys.report.tables import Unit, beside
from recsys.report.tally import Book, enter
from tests.support.cli_runner import brandswipe
from tests.support.closed_decks import POLICY, STUDY, panel
from tests.support.report_workspace import open_one, play

PEOPLE = 30
BOOK = enter(Book(), STUDY, panel(PEOPLE, 5, pick=0.8, rival=0.7, decoy=0.4))  # still undecided
SHEET, CARDS = BOOK.sheet, BOOK.sheet.cards
SCHEMA = Draft202012Validator(json.loads(data_file("report.schema.json").read_text()))


def with_sheet(**columns: object) -> Book:
    return replace(BOOK, sheet=replace(SHEET, **columns))


BROKEN: dict[str, tuple[Book, set[str]]] = {
    "cards": (
        with_sheet(cards=replace(CARDS, said=CARDS.said[:-1])),
        {"arms", "beside", "segments"},
    ),
    "hits": (with_sheet(hits=SHEET.hits[:1]), {"cards", "once_hit_rate"}),
    "times": (with_sheet(seconds=np.array(["?"] * PEOPLE)), {"seconds", "segments"}),
    "brands": (with_sheet(card_brand=SHEET.card_brand + 10_000), {"brands"}),
    "categories": (with_sheet(card_category=SHEET.card_category + 10_000), {"categories"}),
    "rows": (replace(BOOK, rows=(None,) * PEOPLE), {"excluded", "with_careless"}),
}
ALL = with_sheet(
    cards=replace(CARDS, said=CARDS.said[:-1]),
    hits=SHEET.hits[:1],
    seconds=np.array(["?"] * PEOPLE),
    card_brand=SHEET.card_brand + 10_000,
    card_category=SHEET.card_category + 10_000,
)
BROKEN["all of them"] = (
    replace(ALL, rows=(None,) * PEOPLE),
    set().union(*(failed for _, failed in BROKEN.values())),
)


def judged(report: Report) -> Judged:
    """A report as the study's page has it."""
    row = StudyRow(
        STUDY.hash, STUDY.name, STUDY.kind, POLICY.to_dict(), STUDY.model, STUDY.baseline, 7, 1
    )
    return Judged(row, report, decide(report, POLICY), None)


SOUND = judged(report_of(BOOK, STUDY))


@pytest.fixture(params=BROKEN)
def failing(request: pytest.FixtureRequest) -> Judged:
    return judged(report_of(BROKEN[request.param][0], STUDY))


class TestTheReport:
    @pytest.mark.parametrize("name", BROKEN)
    def test_it_names_what_could_not_be_computed(self, name: str) -> None:
        book, failed = BROKEN[name]
        report = report_of(book, STUDY)
        assert {failure.measure for failure in report.failures} == failed
        assert set(report.to_dict()["not_computed"]) == failed
        assert SOUND.report.failures == ()

    def test_the_verdict_is_that_of_a_report_in_which_nothing_failed(self, failing: Judged) -> None:
        assert failing.verdict == SOUND.verdict
        assert SOUND.verdict.criteria

    def test_a_forecast_that_fails_leaves_the_verdict_without_it(self) -> None:
        found = judged(report_of(BOOK, STUDY, seed=-1))
        assert [failure.measure for failure in found.report.failures] == ["forecast"]
        assert found.report.forecast.reason == NOT_COMPUTED.reason
        assert found.verdict.criteria == SOUND.verdict.criteria
        assert SOUND.verdict.reason.startswith(found.verdict.reason)

    def test_one_measure_of_several_beside_the_criteria_fails_alone(self) -> None:
        measures = ShownMeasures()
        found = beside(SHEET, 0.0, Unit(5, 10), measures)
        assert set(found.values()) == {NOT_COMPUTED}
        assert [failure.measure for failure in measures.failures] == list(MEASURES)

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
        self, failing: Judged, language: str
    ) -> None:
        unknown = text(language, "report.not_computed")
        page, plain = as_html(language, failing), as_markdown(language, failing)
        assert unknown not in as_html(language, SOUND) + as_markdown(language, SOUND)
        named = {failure.measure for failure in failing.report.failures}
        assert (unknown in page) == bool(named - {"cards", "once_hit_rate"})
        assert (unknown in plain) == bool(named - {"cards", "once_hit_rate", "beside", "seconds"})

    def test_data_name_it_and_keep_to_the_schema(self, failing: Judged) -> None:
        data = as_data(failing)
        assert [e.message for e in SCHEMA.iter_errors(data)] == []
        for measure in data["not_computed"]:
            assert f"not_computed,{measure}," in as_csv(failing)
        assert f"Unknown, as it could not be computed: {data['not_computed'][0]}" in _report_text(
            failing
        )

    def test_the_gate_s_files_are_as_if_nothing_had_failed(self, failing: Judged) -> None:
        for shape in (gate_data, as_summary, as_junit):
            assert shape(failing) == shape(SOUND)

    def test_a_column_of_the_invited_that_was_not_compared_says_unknown(self) -> None:
        found = replace(SOUND, listed={"team": ()})
        assert text("en", "report.not_computed") in as_html("en", found)
        assert "this could not be computed" in as_markdown("en", found)

    def test_a_picture_of_which_something_is_known_shows_it(self) -> None:
        book, _ = BROKEN["hits"]
        report = report_of(book, STUDY)
        titles = [figure.title for row in rows("en", judged(report), None) for figure in row]
        assert titles == [figure.title for row in rows("en", SOUND, None) for figure in row]
        assert forgotten("en", report) == ""


def broken_picture() -> None:
    from app.reports.charts import Figure
    from app.web.pages.report.sections import beside

    beside("en", [Figure("One", "Said.", lanes=["no lane"]), Figure("Two", "Said.")])


def script(found: object) -> None:
    from app.web.pages.report.page import _whole

    _whole("en", found)


class TestThePages:
    def test_the_report_is_drawn_to_its_end(self, failing: Judged, tmp_path: Path) -> None:
        runtime.use(Settings(workspace=tmp_path, login=Login.LOCAL))
        at = AppTest.from_function(script, default_timeout=30, args=(failing,)).run()
        runtime.close()
        assert not at.exception
        headers = [header.value for header in at.header]
        assert headers[-1] == text("en", "report.policy_title")

    def test_a_picture_that_cannot_be_drawn_leaves_the_next_one_alone(self) -> None:
        at = AppTest.from_function(broken_picture).run()
        assert not at.exception
        said = [caption.value for caption in at.caption]
        assert said == [text("en", "report.not_computed"), "Said."]
        assert "Said." in _figure("en", Figure("One", "Said.", lanes=["no lane"]))

    def test_the_reveal_says_nothing_of_a_forecast_that_failed(self) -> None:
        said = meter("en", report_of(BOOK, STUDY, seed=-1)).words
        assert "more until there is a verdict" not in said
        assert "  " not in said


class TestTheJournal:
    @pytest.fixture
    def lines(self, caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
        caplog.set_level(logging.INFO, json_log.OURS)
        return lambda: [json_log.Lines().format(record) for record in caplog.records]

    def test_a_failure_is_one_line_with_measure_and_error(
        self, lines: Callable[[], list[str]]
    ) -> None:
        json_log.not_computed(
            [Failure("seconds", "TypeError at recsys.report.evaluate:7 _seconds")]
        )
        (line,) = map(json.loads, lines())
        assert (line["level"], line["event"]) == ("error", "measure_failed")
        assert line["words"] == (
            "a measure reads unknown, seconds: TypeError at recsys.report.evaluate:7 _seconds"
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
        store = Store(tmp_path / "study.db")
        play(store, open_one(store, "Mixed"), list(mixed()))
        store.close()
        said = [
            brandswipe(*command, workspace=tmp_path)
            for command in (("report",), ("report", "--format", "html"), ("gate",))
        ]
        assert [each.code for each in said] == [0, 0, 3]
        assert "Unknown, as it could not be computed: categories." in said[0].out
        assert text("en", "report.not_computed") in said[1].out
        assert len(lines()) == 3  # one for each time that the study was judged
        assert "unknown, categories: TypeError at recsys.report.tables" in lines()[0]


def mixed() -> Iterator[object]:
    for played in panel(PEOPLE, 5, pick=0.8, rival=0.7, decoy=0.4):
        cards = [
            replace(card, category=(7, "toys")[card.position % 2]) for card in played.deck.cards
        ]
        yield replace(played, deck=replace(played.deck, cards=tuple(cards)))
