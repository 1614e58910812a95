"""axe-core, which finds what keeps people out. Fetched once, kept outside the checkout."""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

VERSION = "4.14.1"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "brandswipe-tests"
_RUN = """async asked => {
    const found = await axe.run(document, { runOnly: asked.tags, resultTypes: ["violations"] })
    return found.violations.map(rule => ({
        rule: rule.id,
        nodes: rule.nodes.map(node => ({
            where: node.target.flat().join(" >> "), why: node.failureSummary, html: node.html })),
    }))
}"""


@cache
def script() -> str:
    """Return the source of axe-core at `VERSION`; npm fetches it the first time."""
    kept = _CACHE / f"axe-{VERSION}.min.js"
    if not kept.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_CACHE) as folder:
            _fetch(Path(folder)).replace(kept)  # whole or not at all
    return kept.read_text("utf-8")


def _fetch(folder: Path) -> Path:
    npm = shutil.which("npm")
    assert npm, "The access tests fetch axe-core once through npm: install node and npm."
    pack = [npm, "pack", f"axe-core@{VERSION}", "--silent"]
    done = subprocess.run(pack, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"npm could not fetch axe-core {VERSION}: {done.stderr.strip()}"
    packed = next(folder.glob("*.tgz"))
    with tarfile.open(packed) as archive:
        archive.extract("package/axe.min.js", folder, filter="data")
    return folder / "package" / "axe.min.js"


def violations(page: Page, besides: Iterable[tuple[str, str]] = ()) -> list[str]:
    """Return each violation on a page in words, but for the pairs of rule and selector `besides`.

    A selector leaves out one rule's finding there, never the part of the page as a whole.
    """
    if not page.evaluate("() => 'axe' in window"):  # half a megabyte travels once a page
        page.evaluate(f"(0, eval)({json.dumps(script())})")
    found: list[dict[str, Any]] = page.evaluate(_RUN, {"tags": TAGS})
    return [
        f"{one['rule']} at {node['where']}: {node['why']} {node['html'][:200]}"
        for one in found
        for node in one["nodes"]
        if not _expected(page, one["rule"], node["where"], besides)
    ]


def _expected(page: Page, rule: str, where: str, besides: Iterable[tuple[str, str]]) -> bool:
    known = [selector for name, selector in besides if name == rule]
    return any(
        page.locator(where).first.evaluate("(e, s) => e.matches(s)", selector) for selector in known
    )
