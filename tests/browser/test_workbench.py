"""The workbench in a real browser: a real refit, its cancel, its power cut, and a study on it."""

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

from app.operations.processes import start_time
from app.storage.study_db.jobs import JobRow
from app.storage.study_db.store import StudyStore
from app.workspace.settings import Settings
from tests.browser.conftest import Server, free_port
from tests.support.planted_shops import fitted, planted

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # ms: other tests may fit models at the same time
LONG = {"Factors": "256", "Iterations": "100"}
Thing = TypeVar("Thing")
MAIN_WIDTH = "document.querySelector('[data-testid=stMain]').scrollWidth"


class Served(Server):
    """`brandswipe serve` on a workspace of its own, which outlives the server."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.folder, self.port = settings, folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        program = str(Path(sys.executable).parent / "brandswipe")
        where = ["--workspace", str(settings.workspace), "--port", str(self.port)]
        self.command = [program, "serve", "--login", "local", "--no-browser", *where]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop of 3,000 planted customers with one version."""
    folder = tmp_path_factory.mktemp("workbench")
    settings = planted(folder, customers=3000)
    fitted(settings)
    server = Served(settings, folder)
    server.start()
    yield server
    server.kill()


def bench(page: Page, server: Served) -> Page:
    """Open the workbench as a data scientist and wait until it stands."""
    page.goto(f"{server.url}/workbench?role=ds&lang=en")
    expect(page.get_by_role("heading", name="Model versions")).to_be_visible(timeout=PATIENCE)
    expect(fit_button(page)).to_be_visible(timeout=PATIENCE)
    return page


def fit_button(page: Page) -> Locator:
    return page.get_by_role("button", name="Fit", exact=True)


def fill(page: Page, **values: str) -> None:
    """Type parameters, and wait until the server has them all."""
    for name, value in values.items():
        field = page.get_by_role("spinbutton", name=name)
        field.fill(value)
        field.press("Enter")
    page.wait_for_timeout(300)
    expect(page.locator("[data-testid=stStatusWidget]")).to_have_count(0)


def study_form(page: Page) -> Page:
    """Go where a study is opened."""
    page.get_by_role("tab", name="Open a study").click()
    return page


def open_job(server: Served) -> JobRow:
    """The job that is open, as the store knows it."""
    store = StudyStore(server.settings.store_path)
    try:
        return until(lambda: next((job for job in store.jobs.open() if job.pid), None))
    finally:
        store.close()


def until(find: Callable[[], Thing | None], seconds: float = 10) -> Thing:
    deadline = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


def progress(page: Page) -> Locator:
    return page.get_by_role("progressbar")


def test_a_parameter_out_of_range_is_refused_with_a_sentence(desk: Page, served: Served) -> None:
    bench(desk, served)
    fill(desk, Factors="300")
    fit_button(desk).click()
    alert = desk.get_by_test_id("stAlert")
    expect(alert).to_have_text(re.compile("factors is 300; choose between 1 and 256"))
    expect(progress(desk)).to_have_count(0)


def test_a_refit_is_followed_to_its_end_and_a_study_is_opened_on_it(
    desk: Page, served: Served
) -> None:
    bench(desk, served)
    desk.get_by_text("Judge it on the log as well").click()
    fill(desk, Factors="24")
    fit_button(desk).click()
    expect(progress(desk)).to_be_visible(timeout=PATIENCE)
    expect(desk.get_by_text("s so far")).to_be_visible(timeout=PATIENCE)
    desk.reload()
    expect(desk.get_by_text(re.compile("Fit, .* Made version")).first).to_be_visible(
        timeout=2 * PATIENCE
    )
    expect(progress(desk)).to_have_count(0)
    made = str(desk.get_by_text(re.compile("Made version")).first.text_content())
    version = made.rpartition("version ")[2].strip(" .")
    newest = desk.get_by_role("table").first.get_by_role("row").nth(1)
    expect(newest).to_contain_text(version)
    expect(newest.get_by_role("cell").nth(3)).to_have_text("24")
    desk.get_by_label("Version", exact=True).click()
    desk.get_by_role("option", name=re.compile(version)).click()
    study_form(desk).get_by_role("textbox", name="Name").fill("Winter")
    desk.get_by_role("button", name="Review and open").click()
    dialog = desk.get_by_role("dialog")
    expect(dialog).to_contain_text(version)
    expect(dialog).to_contain_text("simulated")
    dialog.get_by_role("button", name="Lock and open").click()
    expect(desk.get_by_text("Winter is open, hash")).to_be_visible()
    studies = desk.get_by_role("table").filter(has_text="Opened")
    expect(studies.get_by_role("row").nth(1)).to_contain_text(f"Wintersimulated{version}")


def test_a_name_that_is_taken_is_refused_before_anything_is_locked(
    desk: Page, served: Served
) -> None:
    for sentence in ("Spring is open", "A study called 'Spring' exists: choose another name."):
        bench(desk, served)
        study_form(desk).get_by_role("textbox", name="Name").fill("Spring")
        desk.get_by_role("button", name="Review and open").click()
        desk.get_by_role("dialog").get_by_role("button", name="Lock and open").click()
        expect(desk.get_by_text(sentence)).to_be_visible()


def test_a_second_one_is_refused_and_cancel_takes_less_than_two_seconds(
    desk: Page, served: Served
) -> None:
    bench(desk, served)
    fill(desk, **LONG)
    fit_button(desk).click()
    expect(progress(desk)).to_be_visible(timeout=PATIENCE)
    other = bench(desk.context.new_page(), served)
    expect(progress(other)).to_be_visible()
    fit_button(other).click()
    expect(other.get_by_text("A fit is running already.")).to_be_visible()
    other.close()
    pid = open_job(served).pid or 0
    pressed = time.monotonic()
    desk.get_by_role("button", name="Cancel").click()
    until(lambda: start_time(pid) is None)
    assert time.monotonic() - pressed < 2
    expect(desk.get_by_text(re.compile("cancelled Fit, .* Nothing was saved"))).to_be_visible()
    expect(progress(desk)).to_have_count(0)


def test_a_killed_server_finds_its_fit_again_and_a_killed_fit_is_called_interrupted(
    desk: Page, served: Served
) -> None:
    bench(desk, served)
    fill(desk, **LONG)
    fit_button(desk).click()
    expect(progress(desk)).to_be_visible(timeout=PATIENCE)
    job = open_job(served)
    served.kill()
    served.start()
    bench(desk, served)
    expect(progress(desk)).to_be_visible(timeout=PATIENCE)
    os.killpg(job.pid or 0, signal.SIGKILL)
    expect(desk.get_by_text(re.compile("interrupted Fit"))).to_be_visible()
    desk.get_by_role("tab", name="Past work").click()
    row = desk.get_by_role("table").filter(has_text="What came of it").get_by_role("row").nth(1)
    expect(row).to_contain_text("ended before the work was done; nothing was saved")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone_and_complains_of_nothing(
    open_context: Callable[..., BrowserContext], served: Served, scheme: str
) -> None:
    context = open_context(390, 844, color_scheme=scheme, has_touch=True, is_mobile=True)
    page, complaints = context.new_page(), list[str]()

    def heard(message: ConsoleMessage) -> None:
        # under a page's address Streamlit looks for its own routes there first
        if message.type == "error" and "/_stcore/" not in message.location["url"]:
            complaints.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{served.url}/workbench?role=ds&lang=nl")
    tabs = ("Wat als", "Proeven", "Vergelijken", "Studie openen", "Eerder werk", "Bewijs")
    for tab in tabs:
        page.get_by_role("tab", name=tab).click()
        assert page.evaluate(MAIN_WIDTH) <= 390
    assert complaints == []
