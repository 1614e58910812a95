"""Starting the server: every option said here, because an installed wheel has no config file."""

import contextlib
import errno
import logging
import os
import socket
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from dataclasses import replace

import click
from streamlit import config
from streamlit.logger import set_log_level

from app.auth.identity import check_address, check_login
from app.auth.urls import PREFIX, home, prefix_option
from app.presentation.theme import streamlit_config
from app.web import runtime
from app.workspace.json_log import event, for_a_person
from app.workspace.settings import Settings
from recsys.errors import SettingsError

_log = logging.getLogger("brandswipe")
TRIES = 50  # ports to look at when any will do
PATIENCE = 60  # seconds until the server must answer


def serve_app(settings: Settings, browser: bool, any_port: bool) -> None:
    """Run the server in this process until it is stopped.

    Raises SettingsError for a login that cannot work, an address that is unguarded or not ours, and
    a port that is taken; WorkspaceError where another server runs on the workspace.

    With `any_port` the next free port is taken where the wanted one is busy.
    """
    address = "0.0.0.0" if settings.share else settings.address
    runtime.use(settings)
    check_login(settings)
    check_address(settings, address, planted=settings.share and runtime.house().warehouse.planted)
    settings = replace(settings, port=_port(address, settings.port, any_port), address=address)
    runtime.use(settings)
    runtime.place()
    options = _options(settings)
    threading.Thread(target=_welcome, args=(settings, browser), daemon=True).start()
    set_log_level("ERROR")  # else Streamlit warns that options were said after it was imported
    config.get_config_options(force_reparse=True, options_from_flags=options)
    from app.web.routes import (
        app,  # here: it reads the settings and options that were just put in force
    )

    # posts under way are answered before the server hands on what it was stopped with
    with contextlib.suppress(KeyboardInterrupt):
        app.run(config=options)


def _options(settings: Settings) -> dict[str, object]:
    said: dict[str, object] = {"server.port": settings.port, "server.address": settings.address}
    return streamlit_config() | said | prefix_option(os.environ.get(PREFIX, ""))


def _port(address: str, wanted: int, any_port: bool) -> int:
    for port in range(wanted, wanted + (TRIES if any_port else 1)):
        if _is_free(address, port):
            return port
    raise SettingsError(
        f"Port {wanted} is taken by another program: choose another one with --port."
    )


def _is_free(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise SettingsError(
                f"The server cannot listen on {address}, port {port} ({error.strerror}): choose "
                "another --address or --port."
            ) from None
    return True


def _welcome(settings: Settings, browser: bool) -> None:
    """Say where the app is once it answers, and open it where there is a display."""
    ours = "[::1]" if ":" in settings.address else "127.0.0.1"
    if not _answers(f"http://{ours}:{settings.port}/healthz"):
        return
    here = f"http://localhost:{settings.port}{home().rstrip('/')}"
    _greet(f"Brandswipe is at {here}  (stop it with Ctrl-C)")
    if settings.share:
        _greet("Phones on this network: open the page here and scan its code.")
    if browser and _has_display():
        webbrowser.open(here)


def _greet(words: str) -> None:
    """Tell the person who started it, or the journal where nobody sits before it."""
    if for_a_person():
        click.echo(f"\n  {words}", err=True)
    else:
        _log.info(words, extra=event("started"))


def _answers(url: str) -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except urllib.error.HTTPError as answer:  # it is there; what is unwell, the journal says
            answer.close()
        except OSError:
            time.sleep(0.1)
            continue
        return True
    return False


def _has_display() -> bool:
    import sys

    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
