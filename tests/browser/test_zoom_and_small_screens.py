"""Large letters and small screens: nothing is cut, nothing is covered, nothing scrolls away.

A screen of 320 px is also a desk of 1280 px at 400%; 640 by 400 is a desk at 200%.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Demo
from tests.browser.support.gestures import remains
from tests.browser.test_accessibility import at_rest, close_sidebar, through_the_game

pytestmark = pytest.mark.browser
Open = Callable[..., BrowserContext]

LARGE = ":root { font-size: 200% !important }"
LOST = """([besides, where]) => {
    const found = new Set()
    const every = function* (root) {
        for (const e of root.querySelectorAll("*")) {
            yield e
            if (e.shadowRoot) yield* every(e.shadowRoot)
        }
    }
    const up = e => e.assignedSlot ?? e.parentElement ?? e.getRootNode().host ?? null
    const line = function* (e) { for (; e; e = up(e)) yield e }
    const any = (e, test) => { for (const a of line(e)) if (test(a)) return true; return false }
    const seen = e => e.checkVisibility({ opacityProperty: true, visibilityProperty: true })
        && !any(e, a => a.inert || a.ariaHidden === "true") && e.getClientRects().length > 0
    const rolls = e => any(e, a => /auto|scroll/.test(getComputedStyle(a).overflowX)
        && a.scrollWidth > a.clientWidth + 1 && a.dataset.testid !== "stMain")
    const name = e => (e.className.baseVal ?? e.className).toString().replace(/st-\\S+/g, "").trim()
        || e.dataset.testid || e.tagName
    const said = e => name(e) + " '" + (e.ariaLabel || e.innerText || "").trim().slice(0, 40) + "'"
    const drifts = e => any(e, a => a.matches(".belt")) // another test sees to those
    const skip = e => any(e, a => a.matches(".unseen, .shelf, a[href^='#']"))
    const whole = [...every(document.querySelector(where))].filter(e => seen(e) && !skip(e))

    for (const e of document.querySelectorAll("html, body, [data-testid=stMain]"))
        if (e.scrollWidth > e.clientWidth + 1)
            found.add(`${name(e)} is ${e.scrollWidth - e.clientWidth} px too wide`)

    for (const e of whole) {
        const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())
        if (!own || besides.some(selector => any(e, a => a.matches(selector)))) continue
        const range = document.createRange()
        range.selectNodeContents(e)
        const text = range.getBoundingClientRect()
        if (text.width < 2) continue
        if (!rolls(e) && (text.left < -1 || text.right > innerWidth + 1))
            found.add("out of the page: " + said(e))
        for (const a of line(e)) {
            const style = getComputedStyle(a)
            if (a.dataset.testid === "stMain") break
            if (style.overflowX === "visible") continue
            const box = a.getBoundingClientRect()
            const hides = /hidden|clip/
            const wide = hides.test(style.overflowX) && text.right > box.right + 1.5
            const high = hides.test(style.overflowY) && text.bottom > box.bottom + 2
            if (wide || high) found.add("cut: " + said(e) + " by " + name(a))
            if (!hides.test(style.overflowX)) break
        }
    }

    const controls = "button, a[href], input, [role=radio], [role=combobox], summary"
    for (const e of whole.filter(e => e.matches(controls) && !e.disabled && !drifts(e))) {
        e.scrollIntoView({ block: "center", inline: "center", behavior: "instant" })
        const box = e.getBoundingClientRect()
        if (!rolls(e) && (box.left < -1 || box.right > innerWidth + 1))
            found.add("out of the page: " + said(e))
        let top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
        while (top?.shadowRoot?.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2))
            top = top.shadowRoot.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
        const label = e.closest("label")
        const ours = top && (any(top, a => a === e || a === label) || any(e, a => a === top))
        if (!ours) found.add("covered: " + said(e) + " by " + (top ? said(top) : "nothing"))
    }
    document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0)
    return [...found]
}"""
# what may be shortened: hints beside a name, each a line with dots at its end
SHORTENED = [".products"]
ASIDE = "[data-testid=stSidebar]"


def lost_in(page: Page, where: str) -> list[str]:
    found: list[str] = page.evaluate(LOST, [SHORTENED, where])
    return found


def all_pages(page: Page, demo: Demo, look: Callable[[str], None]) -> None:
    """Call `look` at every page: a game, then report and workbench."""
    page.goto(f"{demo.url}/?lang=en&as=daan")
    expect(page.get_by_role("button", name="Yes, read it and deal my cards")).to_be_visible()
    look("welcome")
    through_the_game(page, demo, look)
    page.goto(f"{demo.url}/report?role=pm&lang=en")
    expect(page.get_by_test_id("stTable").last).to_be_attached()
    look("report")
    page.goto(f"{demo.url}/workbench?role=ds&lang=en")
    expect(page.get_by_role("tab", name="Open a study")).to_be_visible()
    look("workbench")


@pytest.mark.parametrize(
    ("width", "height", "css"),
    [(320, 640, ""), (640, 400, ""), (1280, 800, LARGE)],
    ids=["320 px wide", "200% of a desk", "letters of 200%"],
)
def test_nothing_is_lost_on_any_page(
    open_context: Open, demo: Demo, width: int, height: int, css: str
) -> None:
    page = open_context(width, height).new_page()
    lost: dict[str, list[str]] = {}

    def look(name: str) -> None:
        if css:
            page.add_style_tag(content=css)
        at_rest(page)
        page.wait_for_timeout(500)  # the card takes the room that is left
        if page.locator(ASIDE).is_visible():
            lost[f"{name}, aside"] = remains(page, lambda: lost_in(page, ASIDE))
            close_sidebar(page)
        lost[name] = remains(page, lambda: lost_in(page, ".stApp"))

    all_pages(page, demo, look)
    assert len({name.removesuffix(", aside") for name in lost}) == 9
    assert {name: what for name, what in lost.items() if what} == {}


def test_what_is_lost_is_found(open_context: Open) -> None:
    page = open_context(320, 640).new_page()
    page.set_content(
        "<style>body { margin: 0; position: relative }</style>"
        "<p style='width: 90px; overflow: hidden; white-space: nowrap'>cut without a reason</p>"
        "<button style='position: absolute; left: 300px; width: 90px'>outside</button>"
        "<button>below</button><div id=host></div>"
    )
    page.evaluate(
        "document.querySelector('#host').attachShadow({mode: 'open'}).innerHTML = "
        "'<div style=\"position: absolute; inset: 0; height: 100vh\"></div>'"
    )
    lost = lost_in(page, "body")
    kinds = sorted({said.split(": ")[0] for said in lost if ": " in said})
    assert kinds == ["covered", "cut", "out of the page"]
    assert any("px too wide" in said for said in lost)
