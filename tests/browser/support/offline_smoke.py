"""Run where there is no network but this computer's own loopback: start the app, play, look.

`unshare -rn python -m tests.browser.support.offline_smoke FOLDER`, where FOLDER holds the workspace
of a built demo.
"""

import fcntl
import socket
import struct
import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.browser.conftest import FLAGS, Demo, new_context
from tests.browser.support.chromium import find
from tests.browser.support.visits import live_as

SIOCSIFFLAGS, UP, RUNNING = 0x8914, 0x1, 0x40  # netdevice(7)
ELSEWHERE = ("192.0.2.1", 80)  # nobody's, RFC 5737


def wake_loopback() -> None:
    """A new namespace has a loopback that is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", UP | RUNNING))


def check_that_nothing_leads_out() -> None:
    """Fail where this is not an empty namespace: the test would prove nothing."""
    assert [name for _, name in socket.if_nameindex()] == ["lo"]
    try:
        socket.create_connection(ELSEWHERE, timeout=2).close()
    except OSError:
        return
    raise AssertionError("there is a way out of here")


def play(demo: Demo) -> None:
    """Deal a life its cards, and read the report."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=FLAGS)
        page = new_context(browser, 1280, 800).new_page()
        live_as(page, demo.url, "noor")
        page.goto(f"{demo.url}/report?role=pm&lang=en")
        expect(page.locator("[data-testid=stVegaLiteChart] svg").last).to_be_attached()
        browser.close()


def main() -> None:
    """Do all of it and say so."""
    wake_loopback()
    check_that_nothing_leads_out()
    demo = Demo(Path(sys.argv[1]))
    demo.start()
    try:
        play(demo)
    finally:
        demo.kill()
    print("played alone")


if __name__ == "__main__":
    main()
