"""Where Chromium is; as a command, install it where it is missing.

python -m tests.browser.support.chromium
"""

import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """Return the path of a Chromium, or None."""
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    return _of_playwright()


def _of_playwright() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install() -> str:
    """Return the path of a Chromium, installing one where there is none."""
    found = find()
    if found:
        return found
    if shutil.which("apt-get"):
        sudo = ["sudo", "-n"] if shutil.which("sudo") else []
        for words in (["update", "-qq"], ["install", "-y", "-qq", "chromium"]):
            subprocess.run([*sudo, "apt-get", *words], check=False)
    if not find():
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    found = find()
    if not found:
        raise SystemExit(
            "The browser tests need Chromium, and neither apt nor Playwright could install it. "
            "Install it by hand (for instance `apt-get install chromium`) and run again."
        )
    return found


if __name__ == "__main__":
    print(install())
