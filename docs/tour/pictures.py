"""Take the tour's pictures from the running app: `make pictures`.

A small demo shop is built and served in a folder that is gone afterwards; a real Chromium walks
through it. Nothing is drawn by hand, so the pages of the tour show what the app is now.
"""

import io
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html import escape
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.presentation.palette import DARK
from tests.browser.support.chromium import find

HERE = Path(__file__).parent
PROGRAM = str(Path(sys.executable).parent / "brandswipe")
PATIENCE = 120_000  # ms
WIDEST = 900  # pixels of a picture


def main() -> None:
    """Build, serve, walk, and write every picture."""
    expect.set_options(timeout=PATIENCE)
    with tempfile.TemporaryDirectory(prefix="brandswipe-tour-") as folder:
        say = ["--workspace", "ws"]
        build = [PROGRAM, "demo", "--only-build", "--customers", "1500", *say]
        subprocess.run(build, check=True, cwd=folder)
        with serving(folder, say) as url, sync_playwright() as playwright:
            flags = ["--headless", "--no-sandbox", "--disable-gpu"]
            browser = playwright.chromium.launch(executable_path=find(), args=flags)
            employee(browser, url)
            product_manager(browser, url)
            data_scientist(browser, url)
            operator(browser, folder)
            browser.close()


@contextmanager
def serving(folder: str, say: list[str]) -> Iterator[str]:
    """Serve the demo on a free port of this computer; yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with (Path(folder) / "log").open("wb") as log:
        command = [PROGRAM, "demo", "--no-browser", "--port", str(port), *say]
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        _wait(url)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def _wait(url: str) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with suppress(OSError), urllib.request.urlopen(f"{url}/healthz", timeout=2):
            return
        time.sleep(0.2)
    raise RuntimeError("The demo did not start.")


def employee(browser: Browser, url: str) -> None:
    """A phone: her first card, what is turned over, and her row of brands."""
    page = _page(browser, 390, 780)
    page.goto(f"{url}/?lang=en&as=noor")
    page.get_by_role("button", name="Yes, read it and deal my cards").click()
    page.locator(".game .card[data-depth='0']").wait_for()
    keep(page, "card")
    for key in ["ArrowRight"] * 12 + ["ArrowLeft"] * 8:
        page.keyboard.press(key)
        page.wait_for_timeout(60)
    page.locator(".finish").click()
    expect(page.locator(".table > li.turned")).to_have_count(20)
    page.wait_for_timeout(2500)
    keep(page, "reveal")
    page.close()


def product_manager(browser: Browser, url: str) -> None:
    """A desk: the verdict with its three criteria."""
    page = _page(browser, 1200, 900)
    page.goto(f"{url}/report?role=pm&lang=en")
    expect(page.get_by_test_id("stTable").last).to_be_attached()
    page.wait_for_timeout(2500)
    keep(page, "report")
    page.close()


def data_scientist(browser: Browser, url: str) -> None:
    """A desk: the versions of the model, with the sidebar that makes another."""
    page = _page(browser, 1400, 900)
    page.goto(f"{url}/workbench?role=ds&lang=en")
    expect(page.get_by_role("heading", name="Model versions")).to_be_visible()
    expect(page.get_by_role("button", name="Fit", exact=True)).to_be_visible()
    page.wait_for_timeout(2500)
    keep(page, "workbench")
    page.close()


def operator(browser: Browser, folder: str) -> None:
    """A terminal: what the doctor says of the workspace that is being served."""
    asked = ["doctor", "--workspace", "ws"]
    done = subprocess.run([PROGRAM, *asked], cwd=folder, capture_output=True, text=True, check=True)
    page = _page(browser, 900, 420)
    words = re.sub(
        r"(?m)^  (\S)  ", _SIGN, escape(f"$ brandswipe {' '.join(asked)}\n{done.stdout}")
    )
    page.set_content(f'<body style="{_TERMINAL}"><pre style="margin: 0">{words}</pre></body>')
    keep(page, "doctor")
    page.close()


_SIGN = r'  <span style="display: inline-block; width: 1ch">\1</span>  '  # of whatever font has it
_TERMINAL = (
    f"margin: 0; padding: 22px 28px; background: {DARK.paper}; color: {DARK.ink}; "
    "font: 14px/1.42 monospace"
)


def _page(browser: Browser, width: int, height: int) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce", color_scheme="light"
    )
    context.set_default_timeout(PATIENCE)
    return context.new_page()


def keep(page: Page, name: str) -> None:
    """Write what is on the screen as a small WebP beside this file."""
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        shot.thumbnail((WIDEST, 4 * WIDEST))
        shot.convert("RGB").save(HERE / f"{name}.webp", "WEBP", quality=70, method=6)
    print(f"{name}.webp")


if __name__ == "__main__":
    main()
