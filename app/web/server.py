"""Server start. All options are set here, because an installed wheel has no config file."""

import contextlib
import errno
import logging
import socket
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable
from dataclasses import replace

import click
from streamlit import config
from streamlit.logger import set_log_level

from app.auth.identity import check_listen_address, check_login
from app.auth.urls import base_path, base_path_option
from app.presentation.theme import streamlit_config
from app.web import runtime
from app.workspace.json_log import is_interactive, log_extra
from app.workspace.settings import Settings, base_path_of, has_display
from recsys.errors import SettingsError

_log = logging.getLogger("brandswipe")
PORT_TRIES = 50  # ports to try with `any_port`
START_TIMEOUT = 60.0  # seconds until the server must answer
UrlOpener = Callable[[str], object]


def serve_app(settings: Settings, open_browser: bool, any_port: bool) -> None:
    """Run the server in this process until it is stopped. Raises as `prepare_server` does."""
    options = prepare_server(settings, any_port)
    announce_args = (runtime.settings(), is_interactive(), url_opener(open_browser, has_display()))
    threading.Thread(target=announce, args=announce_args, daemon=True).start()
    from app.web.routes import (
        app,  # imported late: it reads the settings and options set above
    )

    # KeyboardInterrupt arrives here after the server has answered all pending posts
    with contextlib.suppress(KeyboardInterrupt):
        app.run(config=options)


def prepare_server(settings: Settings, any_port: bool) -> dict[str, object]:
    """Apply the settings, lock the workspace, and return Streamlit's options.

    With `any_port`, a busy port is replaced by the next free one. Raises SettingsError for a login
    that cannot work, an address that is unguarded or not of this computer, and a busy port.
    Raises WorkspaceError if another server runs on the workspace.
    """
    address = "0.0.0.0" if settings.share else settings.address
    runtime.use_settings(settings)
    check_login(settings)
    check_listen_address(
        settings, address, is_planted=settings.share and runtime.workspace().event_store.planted
    )
    settings = replace(
        settings, port=_choose_port(address, settings.port, any_port), address=address
    )
    runtime.use_settings(settings)
    runtime.workspace_lock()
    runtime.study_sweep()
    options = _run_options(settings)
    set_log_level("ERROR")  # else Streamlit warns about options that are set after its import
    config.get_config_options(force_reparse=True, options_from_flags=options)
    return options


def _run_options(settings: Settings) -> dict[str, object]:
    address_options: dict[str, object] = {
        "server.port": settings.port,
        "server.address": settings.address,
    }
    return streamlit_config() | address_options | base_path_option(base_path_of())


def _choose_port(address: str, first_port: int, any_port: bool) -> int:
    for port in range(first_port, first_port + (PORT_TRIES if any_port else 1)):
        if _is_port_free(address, port):
            return port
    raise SettingsError(
        f"Port {first_port} is taken by another program: choose another one with --port."
    )


def _is_port_free(address: str, port: int) -> bool:
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


def url_opener(open_browser: bool, display: bool) -> UrlOpener | None:
    """Return a function that opens a URL, or None if it is not wanted or there is no display."""
    return webbrowser.open if open_browser and display else None


def announce(
    settings: Settings,
    interactive: bool,
    open_url: UrlOpener | None,
    timeout: float = START_TIMEOUT,
) -> None:
    """Print the app's URL as soon as the server answers, and open it if `open_url` is given."""
    host = "[::1]" if ":" in settings.address else "127.0.0.1"
    if not _wait_for_answer(f"http://{host}:{settings.port}/healthz", timeout):
        return
    url = f"http://localhost:{settings.port}{base_path().rstrip('/')}"
    _print_or_log(f"Brandswipe is at {url}  (stop it with Ctrl-C)", interactive)
    if settings.share:
        _print_or_log("Phones on this network: open the page here and scan its code.", interactive)
    if open_url is not None:
        open_url(url)


def _print_or_log(message: str, interactive: bool) -> None:
    """Print to the terminal, or write to the log if there is no terminal."""
    if interactive:
        click.echo(f"\n  {message}", err=True)
    else:
        _log.info(message, extra=log_extra("started"))


def _wait_for_answer(url: str, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except urllib.error.HTTPError as response:  # it answers; the log has the cause
            response.close()
        except OSError:
            time.sleep(0.1)
            continue
        return True
    return False
