"""Checks of the service: keys, login, proxy, base path, and linked accounts."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from app.auth.identity import check_listen_address, check_login, is_loopback
from app.auth.urls import base_path_option
from app.operations.doctor.finding import Finding, advice, idle, problem, well
from app.storage.study_db.account_links import AccountLinks
from app.study.game import study_to_play
from app.workspace.keys import KEY_NAMES
from app.workspace.settings import BASE_PATH_ENV, Login, base_path_of, missing_keys
from app.workspace.workspace import Workspace
from recsys.errors import BrandswipeError, SettingsError

CALLBACK_PATH = "/oauth2callback"  # where the login redirects to Streamlit


def diagnose_secrets(workspace: Workspace) -> Finding:
    """Check that every key exists, is long enough and differs from the others; create none."""
    folder, missing = workspace.folder / "secrets", missing_keys(workspace.settings)
    if len(missing) == len(KEY_NAMES) and workspace.store.db.newest_row_at() is None:
        return idle("The keys are made at the first start.")
    if missing:
        message = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not in {folder}."
        remedy = "Put it back: with a new key returning people are not recognized."
        return problem(message, remedy)
    try:
        workspace.keys  # noqa: B018 - reading them is the check
    except BrandswipeError as error:
        return problem(str(error), "Nobody can play before the key is mended.")
    return well("Four different keys, each of them long enough.")


def diagnose_login(workspace: Workspace) -> Finding:
    """Check that the configured login can work at the configured address."""
    settings = workspace.settings
    try:
        check_login(settings)
        check_listen_address(
            settings, settings.address, is_planted=settings.share and _is_planted(workspace)
        )
    except BrandswipeError as error:
        return problem(str(error), "The server does not start before this is set.")
    if settings.login is Login.NONE:
        return advice(
            "Nobody logs in: everybody is a guest, and no deck counts.",
            "Set `login` to oidc or proxy before a study.",
        )
    if settings.login is Login.LOCAL:
        return well("Roles are chosen by hand, on this computer alone.")
    return well(f"People come in by {settings.login}, for {settings.login_hours} hours.")


def diagnose_proxy(workspace: Workspace) -> Finding:
    """Check what is between browser and server: TLS, and a URL where the proxy ends a login."""
    settings = workspace.settings
    if settings.login is Login.PROXY:
        if not settings.logout_url:
            message = "A proxy signs who asks, but nobody can log out."
            return advice(message, "Set `logout_url` to where the proxy ends a login.")
        return well("A proxy signs who asks, and its key can be read.")
    if settings.login is Login.OIDC:
        callback = urlsplit(str(_oidc_settings().get("redirect_uri", "")))
        if callback.scheme != "https" and not is_loopback(callback.hostname):
            message = f"The login sends people back over {callback.scheme or 'nothing'}, not https."
            return problem(message, "Set redirect_uri to the https address that the proxy answers.")
        return well("The login sends people back over https.")
    return idle("No proxy: people come in on this computer alone.")


def diagnose_prefix(workspace: Workspace) -> Finding:
    """Check the base path under which a proxy shows the pages, and that the login uses it."""
    try:
        base_path = base_path_option(base_path_of()).get("server.baseUrlPath", "")
    except SettingsError as error:
        return problem(str(error), f"Set {BASE_PATH_ENV} to a path, or take it out.")
    base = f"/{base_path}" if base_path else ""
    if workspace.settings.login is Login.OIDC:
        callback = urlsplit(str(_oidc_settings().get("redirect_uri", ""))).path
        if callback != base + CALLBACK_PATH:
            message = (
                f"The login sends people back to {callback or '/'}, but the app is under {base}/."
            )
            return problem(message, f"Let redirect_uri end with {base}{CALLBACK_PATH}.")
    return (
        well(f"Pages are under {base}/.") if base_path else idle("The app has a host of its own.")
    )


def diagnose_linked(workspace: Workspace) -> Finding:
    """Check the share of employees with a linked shop account: only their decks count."""
    if not workspace.settings.login.is_real:
        return idle("Without a login nobody is linked to a shop account.")
    account_links = AccountLinks(workspace.settings.accounts_path)
    try:
        linked_count = sum(account_links.counts_by_method().values())
    finally:
        account_links.close()
    study = study_to_play(workspace.store)
    invited = workspace.store.invitations.count(study.hash) if study else None
    out_of = f" for {invited:,} invited" if invited else ""
    message = (
        f"{linked_count:,} employees are "
        f"linked{out_of}{f', {linked_count / invited:.0%}' if invited else ''}."
    )
    remedy = "Import the shop's table with `brandswipe people link`, or set `shop_link`."
    if not linked_count:
        return problem(message, remedy)
    if invited and linked_count < invited / 2:
        return advice(message, f"The decks of the others will not count. {remedy}")
    return well(message)


def _is_planted(workspace: Workspace) -> bool:
    return workspace.event_store.planted


def _oidc_settings() -> Mapping[str, Any]:
    from streamlit.auth_util import get_secrets_auth_section

    return get_secrets_auth_section()
