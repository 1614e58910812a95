"""The report in a real browser: quick, quiet, the same by a link, and at home on a phone."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Server
from tests.support.report_workspace import build

pytestmark = pytest.mark.browser
PICTURES = "[data-testid=stVegaLiteChart]"
PROBES = ("/report/_stcore/health", "/report/_stcore/host-config")
"""Streamlit's page asks for these at the page's own address first, and then at the root."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("report")
    build(folder / "workspace").close()
    server = Server("unused", folder)
    server.command = [
        *(sys.executable, "-c", "from app.cli.main import main; main()", "serve"),
        *("--login", "local", "--no-browser"),
        *("--port", str(server.port), "--workspace", str(folder / "workspace")),
    ]
    yield server.start()
    server.kill()


def open_report(page: Page, server: Server, **query: str) -> None:
    said = "&".join(f"{name}={value}" for name, value in {"role": "pm", **query}.items())
    page.goto(f"{server.url}/report?{said}")
    expect(page.get_by_test_id("stTable").last).to_be_attached()


@pytest.mark.parametrize(
    ("language", "verdict", "first"),
    [
        ("en", "Hold", "88% is released, 87% is not."),
        ("nl", "Tegenhouden", "88% wordt vrijgegeven"),
    ],
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_is_read_without_an_error_or_a_foreign_request(
    open_context: Callable[..., BrowserContext],
    report: Server,
    language: str,
    verdict: str,
    first: str,
    scheme: str,
) -> None:
    page = open_context(color_scheme=scheme).new_page()
    errors: list[str] = []
    asked: list[str] = []
    page.on("console", lambda m: errors.append(m.location["url"]) if m.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    open_report(page, report, lang=language, study="Summer")
    expect(page.get_by_role("heading", level=1)).to_contain_text(first)
    expect(page.locator(".bs-verdict .bs-word")).to_have_text(verdict)
    expect(page.locator(PICTURES).last.locator("svg, canvas").first).to_be_attached()
    assert [url for url in errors if not url.endswith(PROBES)] == []
    assert [u for u in asked if not u.startswith((report.url, "blob:", "data:"))] == []


def test_a_link_opens_the_same_view(desk: Page, report: Server) -> None:
    open_report(desk, report, lang="nl", study="Spring")
    desk.get_by_role("radio", name="Voorsprong", exact=True).click()
    expect(desk.get_by_text("Na 30 mensen: +44").first).to_be_visible()
    desk.wait_for_url("**criterion=lift**")
    link = desk.url
    other = desk.context.new_page()
    other.goto(link)
    expect(other.locator(".bs-verdict .bs-word")).to_have_text("Vrijgeven")
    expect(other.get_by_text("Na 30 mensen: +44").first).to_be_visible()
    other.close()


def test_the_table_behind_a_picture_opens_by_keyboard(desk: Page, report: Server) -> None:
    open_report(desk, report, study="Spring")
    table = desk.get_by_test_id("stExpander").nth(1)
    table.locator("summary").focus()
    desk.keyboard.press("Enter")
    expect(table.get_by_role("cell", name="Hit rate")).to_be_visible()
    expect(table.get_by_role("cell", name="75%").first).to_be_visible()


def test_the_report_is_downloaded_without_a_person(desk: Page, report: Server) -> None:
    open_report(desk, report, study="Spring")
    with desk.expect_download() as waiting:
        desk.get_by_role("button", name="As Markdown").click()
    assert waiting.value.suggested_filename == "brandswipe-spring.md"
    content = Path(waiting.value.path()).read_text(encoding="utf-8")
    assert content.startswith("# Spring: release")
    assert "d-p1" not in content


def test_a_picture_is_taken_along_as_a_png(desk: Page, report: Server) -> None:
    open_report(desk, report, study="Spring")
    expect(desk.locator(PICTURES).last.locator("svg, canvas").first).to_be_attached()
    with desk.expect_download() as waiting:  # by keyboard: the page scrolls off under a mouse
        desk.get_by_role("button", name="Download as PNG").first.press("Enter")
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_file_for_the_board_reads_by_itself(
    open_context: Callable[..., BrowserContext], report: Server, tmp_path: Path, width: int
) -> None:
    page = open_context().new_page()
    open_report(page, report, study="Summer", lang="nl")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Voor de directie").click()
    file = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(file)
    alone = open_context(width, 800, offline=True).new_page()
    said: list[str] = []
    asked: list[str] = []
    alone.on("console", lambda message: said.append(message.text))
    alone.on("request", lambda request: asked.append(request.url))
    alone.goto(file.as_uri())
    expect(alone.get_by_role("heading", level=1)).to_have_text("Tegenhouden")
    assert alone.evaluate("document.documentElement.scrollWidth") <= width
    fonts = "document.fonts.ready.then(f => f.check('700 20px \"Bricolage Grotesque\"'))"
    assert alone.evaluate(fonts) is True
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("study", ["Spring", "Playground"])
def test_nothing_runs_over_the_edge_of_a_phone(phone: Page, report: Server, study: str) -> None:
    open_report(phone, report, study=study)
    expect(phone.locator(".bs-verdict")).to_be_visible()
    width = "document.querySelector('[data-testid=stMain]').scrollWidth"
    assert phone.evaluate(width) <= 390
    outside = "[...document.querySelectorAll('.bs, h1, h2, h3')].filter(" + (
        "e => e.getBoundingClientRect().right > innerWidth + 1).length"
    )
    assert phone.evaluate(outside) == 0
