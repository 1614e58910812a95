"""No name of a brand, a category or a product is ever markup or a script."""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import PROGRAM, Demo
from tests.browser.support.gestures import all_saved, press
from tests.browser.support.visits import Ear, show_result, top_card
from tests.browser.test_accessibility import go_to
from tests.browser.test_content_security_policy import hears, look_at_numbers
from tests.support.cli_runner import brandswipe

pytestmark = pytest.mark.browser
Open = Callable[..., BrowserContext]
EVIL = (
    "<script>heard('script')</script>",
    "<img src=x onerror=heard('image')>",
    "<svg onload=heard('drawing')>",
    "\"><iframe srcdoc='<script>parent.heard(1)</script>'>",
    "'-heard(1)-'",
    "[link](javascript:heard('link'))",
    "![picture](http://127.0.0.1:9/x.png)",
    "$\\\\href{javascript:heard(1)}{x}$",
    ":material/bug_report: :red[red]",
    "{{heard(1)}} ${heard(1)}",
    "=HYPERLINK(\"http://127.0.0.1:9/\")",
    "</style><style>*{display:none}</style>",
)  # fmt: skip


@pytest.fixture(scope="module")
def evil_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A shop whose brands, categories and products are attacks, served as any other."""
    folder = tmp_path_factory.mktemp("evil")
    brands = [f"{name} {n}" for n in range(6) for name in EVIL]
    rows = [
        {
            "customer_id": f"c{c}", "ts": 1_760_000_000 + n, "event": "purchase",
            "product_id": f"p{b}", "brand": brands[b], "category": EVIL[b % 3], "price": 10.0,
        }
        for c in range(90)
        for n in range(9)
        for b in [(c * 7 + n * n) % len(brands)]
    ]  # fmt: skip
    products = [
        {"product_id": f"p{b}", "title": f"{EVIL[(b + 5) % len(EVIL)]} title", "brand": brands[b]}
        for b in range(len(brands))
    ]
    for name, said in (("events", rows), ("products", products)):
        lines = "\n".join(map(json.dumps, said))
        (folder / f"{name}.jsonl").write_text(lines + "\n", encoding="utf-8")
    asked = [str(folder / "events.jsonl"), "--products", str(folder / "products.jsonl")]
    for command in (
        ["data", "ingest", *asked],
        ["model", "fit", "--factors", "8"],
        ["study", "open"],
    ):
        done = brandswipe(*command, workspace=folder / "ws")
        assert done.code == 0, done.err
    server = Demo(folder)
    where = ["--workspace", str(server.workspace)]
    server.command = [
        PROGRAM, "serve", "--login", "local", "--no-browser", "--port", str(server.port), *where,
    ]  # fmt: skip
    yield server.start()  # type: ignore[misc]
    server.kill()


def taken(page: Page, n: int) -> None:
    """Take the first bricks of the wall, whatever their names are."""
    for brick in page.locator(".brick:visible").all()[:n]:
        brick.evaluate("brick => brick.click()")
    page.locator(".bar button:enabled:visible").click()
    top_card(page)


def test_no_name_is_markup_on_any_page(open_context: Open, evil_shop: Demo) -> None:
    context = open_context(reduced_motion="reduce")
    heard, ear, page = hears(context), Ear(context), context.new_page()
    page.goto(f"{evil_shop.url}/?lang=en")
    page.locator(".brick").first.wait_for()
    shown = " ".join(page.locator(".brick").all_inner_texts())
    assert sum(name in shown for name in EVIL) > 3  # they stand there as they are written
    taken(page, 3)
    while page.locator(".overview").is_hidden():
        press(page, ["ArrowRight", "ArrowUp"])
    all_saved(page)
    show_result(page)
    expect(page.locator(".turned").last).to_be_visible()
    go_to(page, "My brands")
    page.locator(".carousel button").first.click()
    look_at_numbers(page, evil_shop.url)
    assert heard == []
    assert ear.hosts <= {"127.0.0.1", "localhost"}
    assert not [answer.url for answer in ear.answers if ":9/" in answer.url]
