"""The readout's file in a real browser: alone, on a phone and a desk, by day and by night."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.app.reports.test_ab_test import campaign
from tests.browser.support.axe import violations
from tests.support.cli_runner import brandswipe

pytestmark = pytest.mark.browser
WIDE = {"phone": 390, "desk": 1280}
LIGHT = """() => {
    const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g)
    return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255
}"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readout")
    shown, came = campaign(folder, {"model": 0.3, "baseline": 0.2, "none": 0.02})
    said = brandswipe(
        "release", "ab-test", shown, came, "--arms", "model:1,baseline:1,none:1", "--format", "html"
    )
    page = folder / "readout.html"
    page.write_text(said.out, encoding="utf-8")
    return page


@pytest.mark.parametrize("device", WIDE)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_readout_is_read_anywhere_and_asks_nothing_of_anybody(
    open_context: Callable[..., BrowserContext], file: Path, device: str, scheme: str
) -> None:
    width = WIDE[device]
    page = open_context(width, 800, offline=True, color_scheme=scheme).new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    expect(page.get_by_role("heading", level=1)).to_have_text("Ahead")
    expect(page.locator(".picture")).to_have_count(2)
    for picture in page.locator(".picture").all():
        box = picture.bounding_box()
        assert box is not None
        assert box["height"] > 50
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (page.evaluate(LIGHT) > 0.5) is (scheme == "light")
    assert page.evaluate("document.fonts.check('700 20px \"Bricolage Grotesque\"')") is True
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_readout_keeps_nobody_out(
    open_context: Callable[..., BrowserContext], file: Path, scheme: str
) -> None:
    page = open_context(390, 800, color_scheme=scheme, bypass_csp=True).new_page()
    page.goto(file.as_uri())
    expect(page.locator(".picture")).to_have_count(2)
    page.evaluate("document.querySelectorAll('details').forEach(table => { table.open = true })")
    assert violations(page) == []
