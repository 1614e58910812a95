"""The file that is mailed: one file, nothing that runs, nothing finer than the report."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.study.report import report_command
from app.modeling.user_coverage import HistoryBand, UserCoverage
from app.presentation.i18n import LANGUAGES, translate
from app.reports.html.page import report_html
from app.reports.html.svg import sequence_svg
from app.reports.sequence_chart import sequence_chart
from app.reports.wording import bar_reason, verdict_sentence, what_would_change
from app.storage.study_db.records import Override
from app.storage.study_db.store import StudyStore
from app.study.results import StudyStatus, study_status
from app.workspace.policies import BUNDLED_POLICIES, bundled_policy
from recsys.report.invited import InvitedFunnel
from recsys.study.criteria import Criterion
from tests.support.closed_decks import panel
from tests.support.report_workspace import HONEST, build, open_one, play

EVIL = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</style><script>alert(1)</script>",
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "<a href=//evil.example>",
    "&lt;script&gt;",
]
VOID = {"meta", "br", "img", "input", "link", "hr"}


class Reader(HTMLParser):
    """Every element with its attributes, the text, and whether all that opened was closed."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.text += f" {data}"

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("board")
    build(folder).close()
    return folder


@pytest.fixture(scope="module")
def judged(workspace: Path) -> Iterator[dict[str, StudyStatus]]:
    store = StudyStore(workspace / "study.db")
    yield {row.name: study_status(store, row) for row in store.studies.all()}
    store.close()


class TestTheFile:
    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("study", ["Spring", "Summer", "Autumn", "Playground"])
    def test_it_opens_with_the_verdict_and_what_would_change_it(
        self, judged: dict[str, StudyStatus], study: str, language: str
    ) -> None:
        shown = judged[study]
        read = Reader(report_html(language, shown))
        assert read.open == []
        assert read.named("html")[0]["lang"] == language
        order = [
            translate(language, f"report.{shown.verdict.outcome.value}"),
            verdict_sentence(language, shown),
            what_would_change(language, shown),
            translate(language, "report.policy_title"),
        ]
        places = [read.text.index(words) for words in order]
        assert places == sorted(places)

    def test_nothing_in_it_runs_and_it_asks_for_nothing(
        self, judged: dict[str, StudyStatus]
    ) -> None:
        for shown in judged.values():
            content = report_html("en", shown)
            read = Reader(content)
            tags = {tag for tag, _ in read.elements}
            assert not tags & {"script", "img", "link", "iframe", "object", "form", "a", "base"}
            assert not [a for _, attrs in read.elements for a in attrs if a.startswith("on")]
            assert set(re.findall(r"url\((?!\"?data:)[^)]*\)", content)) == set()
            assert "@import" not in content
            assert "default-src 'none'" in content

    def test_every_picture_has_an_alternative_a_sentence_and_a_table(
        self, judged: dict[str, StudyStatus]
    ) -> None:
        content = report_html("en", judged["Spring"])
        figures = re.findall(r"<figure.*?</figure>", content, re.DOTALL)
        drawn = [figure for figure in figures if 'role="img"' in figure]
        assert len(drawn) >= 11
        for figure in drawn:
            read = Reader(figure)
            assert len(read.named("svg")[0]["aria-label"] or "") > 20
            assert re.search(r"<figcaption>[^<]{20,}</figcaption>", figure)
            assert len(read.named("table")) == 1

    @pytest.mark.parametrize("name", EVIL)
    def test_a_name_is_never_markup(self, judged: dict[str, StudyStatus], name: str) -> None:
        shown = judged["Spring"]
        named = [replace(row, label=name) for row in shown.report.brands]
        grouped = [replace(row, label=name) for row in shown.report.categories]
        rule = replace(
            shown.report.policy,
            name=name,
            criteria=tuple(replace(c, because=name) for c in shown.report.policy.criteria),
        )
        evil = replace(
            shown,
            row=replace(shown.row, name=name, baseline=name),
            overrides=(Override(shown.row.hash, "hold", name, name, 1),),
            report=replace(
                shown.report,
                brands=tuple(named),
                categories=tuple(grouped),
                baseline=name,
                policy=rule,
            ),
        )
        calm = replace(shown, overrides=(Override(shown.row.hash, "hold", "role", "why", 1),))
        read, usual = (Reader(report_html("en", each)) for each in (evil, calm))
        assert {tag for tag, _ in read.elements} == {tag for tag, _ in usual.elements}
        assert {a for _, attrs in read.elements for a in attrs} == {
            a for _, attrs in usual.elements for a in attrs
        }
        assert read.text.count(name) >= 5

    def test_nothing_is_drawn_finer_than_whole_percents(
        self, judged: dict[str, StudyStatus]
    ) -> None:
        """Names of nobody, no id of a deck, and places of marks in whole percents alone."""
        content = report_html("en", judged["Spring"])
        assert not re.search(r"\bp\d+\b|d-p\d|swipe-\d", content)
        places = re.findall(r'<(?:rect x|circle cx)="([\d.]+)%"[^>]*(?:r="8"|height="12")', content)
        assert len(places) > 30
        assert all(float(place).is_integer() for place in places)

    def test_it_says_for_which_customers_it_speaks(self, judged: dict[str, StudyStatus]) -> None:
        bands = (HistoryBand(0, 4, 0.38), HistoryBand(5, None, 0.62))
        read = Reader(report_html("en", judged["Spring"], UserCoverage(900, 5, 0.62, bands))).text
        assert "Speaks for the 62% of customers with at least 5 brands in their history" in read
        assert "0 to 4 brands" in read
        unknown = Reader(report_html("en", judged["Spring"])).text
        assert translate("en", "report.audience_unknown") in unknown

    def test_an_override_stands_beside_the_verdict(self, judged: dict[str, StudyStatus]) -> None:
        shown = judged["Summer"]
        over = Override(shown.row.hash, "release", "head of data", "Only for the pilot.", 0)
        content = Reader(report_html("en", replace(shown, overrides=(over,)))).text
        assert "Overridden by head of data on 1 January 1970: release" in content
        assert "Only for the pilot." in content
        assert (
            translate("en", "report.overridden_stands") not in Reader(report_html("en", shown)).text
        )

    def test_the_run_marks_the_moment_only_where_one_was(
        self, judged: dict[str, StudyStatus]
    ) -> None:
        chart = sequence_chart("nl", judged["Spring"], judged["Spring"].report.criteria[2])
        with_moment = sequence_svg(chart)
        assert 'class="moment"' in with_moment
        assert "Vrijgeven" in with_moment
        assert 'class="moment"' not in sequence_svg(replace(chart, decision=None))
        assert ">+40<" in with_moment


class TestTheCommand:
    @pytest.mark.parametrize(("language", "word"), [("en", "Hold"), ("nl", "Tegenhouden")])
    def test_it_prints_the_file(self, workspace: Path, language: str, word: str) -> None:
        asked = ["--study", "Summer", "--format", "html", "--lang", language]
        done = CliRunner().invoke(report_command, [*asked, "--workspace", str(workspace)])
        assert done.exit_code == 0, done.output
        assert done.output.startswith("<!doctype html>")
        assert word in Reader(done.output).text


class TestTheWords:
    def test_the_reasons_that_we_ship_are_translated_and_no_other(
        self, judged: dict[str, StudyStatus]
    ) -> None:
        for name in BUNDLED_POLICIES:
            for criterion in bundled_policy(name).criteria:
                assert bar_reason("en", criterion) == criterion.because
                assert bar_reason("nl", criterion) != criterion.because
        shipped = judged["Spring"].report.policy.criteria
        assert bar_reason("nl", shipped[0]).startswith("Drie op de vier")
        own = Criterion("hit_rate", 0.7, "Our own reason.")
        assert bar_reason("nl", own) == "Our own reason."
        lent = Criterion("hit_rate", 0.7, shipped[1].because)
        assert bar_reason("nl", lent) == shipped[1].because

    def test_a_closed_study_forecasts_nobody(self, judged: dict[str, StudyStatus]) -> None:
        still_open = judged["Autumn"]
        closed = replace(still_open, row=replace(still_open.row, closed_at=1))
        assert "more people" in verdict_sentence("en", still_open)
        assert "more people" not in verdict_sentence("en", closed)
        assert (
            verdict_sentence("en", closed)
            == verdict_sentence("en", still_open).partition(" Probably")[0]
        )

    def test_a_panel_too_small_is_said_before_the_first_card(self, tmp_path: Path) -> None:
        store = StudyStore(tmp_path / "study.db")
        row = open_one(store, "Small")
        store.invitations.add(row.hash, [f"p{i}" for i in range(8)])
        found = study_status(store, row)
        smallest = found.report.smallest_panel
        said = f"8 people can never release: with perfect scores it takes {smallest}."
        assert what_would_change("en", found).startswith(said)
        assert "8 mensen kunnen nooit vrijgeven" in Reader(report_html("nl", found)).text
        enough = replace(found, invited=InvitedFunnel(smallest, 0, {}))
        assert "never release" not in what_would_change("en", enough)
        store.close()


class TestDifferences:
    def test_one_deck_more_changes_no_letter_until_its_batch_is_full(self, tmp_path: Path) -> None:
        """Whoever looks after every deck sees nothing between two batches but the day."""
        store = StudyStore(tmp_path / "study.db")
        row, decks = open_one(store, "Refreshed"), panel(20, 6, **{**HONEST, "pick": 0.8})
        seen: list[str] = []
        for deck in decks:
            play(store, row, [deck])
            seen.append(report_html("en", study_status(store, row)))
        changed = [n for n in range(2, 21) if seen[n - 1] != seen[n - 2]]
        store.close()
        assert set(changed) <= {5, 10, 15, 20}
        assert {10, 15, 20} <= set(changed)
