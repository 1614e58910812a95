"""The service: its keys, who comes in, what stands before it, and who is linked."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from app.auth.identity import check_address, check_login, is_loopback
from app.auth.urls import PREFIX, prefix_option
from app.operations.doctor.finding import Finding, advice, idle, mend, well
from app.storage.study_db.account_links import Accounts
from app.study.game import study_to_play
from app.workspace.keys import NAMES
from app.workspace.settings import Login, missing_keys
from app.workspace.workspace import House
from recsys.errors import BrandswipeError, SettingsError

CALLBACK = "/oauth2callback"  # where Streamlit hears from the login


def secrets(house: House) -> Finding:
    """Every key is there, long enough and not another's; none is made by looking."""
    folder, gone = house.workspace / "secrets", missing_keys(house.settings)
    if len(gone) == len(NAMES) and house.store.newest() is None:
        return idle("The keys are made at the first start.")
    if gone:
        said = f"{' and '.join(gone)} {'is' if len(gone) == 1 else 'are'} not in {folder}."
        again = "Put it back from where keys are kept: with a new one nobody is known again."
        return mend(said, again)
    try:
        house.keys  # noqa: B018 - reading them is the check
    except BrandswipeError as error:
        return mend(str(error), "Nobody can play before the key is mended.")
    return well("Three different keys, each of them long enough.")


def login(house: House) -> Finding:
    """Whether the login that is set can work at the address that is set."""
    settings = house.settings
    try:
        check_login(settings)
        check_address(settings, settings.address, planted=settings.share and _planted(house))
    except BrandswipeError as error:
        return mend(str(error), "The server does not start before this is set.")
    if settings.login is Login.NONE:
        return advice(
            "Nobody logs in: everybody is a guest, and no deck counts.",
            "Set `login` to oidc or proxy before a study.",
        )
    if settings.login is Login.LOCAL:
        return well("Roles are chosen by hand, on this computer alone.")
    return well(f"People come in by {settings.login}, for {settings.login_hours} hours.")


def proxy(house: House) -> Finding:
    """What stands between the browser and the server: TLS, and where a login ends."""
    settings = house.settings
    if settings.login is Login.PROXY:
        if not settings.logout_url:
            said = "A proxy signs who asks, but nobody can log out."
            return advice(said, "Set `logout_url` to where the proxy ends a login.")
        return well("A proxy signs who asks, and its key can be read.")
    if settings.login is Login.OIDC:
        back = urlsplit(str(_oidc().get("redirect_uri", "")))
        if back.scheme != "https" and not is_loopback(back.hostname):
            said = f"The login sends people back over {back.scheme or 'nothing'}, not https."
            return mend(said, "Set redirect_uri to the https address that the proxy answers.")
        return well("The login sends people back over https.")
    return idle("No proxy: people come in on this computer alone.")


def prefix(house: House) -> Finding:
    """The path under which a proxy shows the pages, and whether the login knows it."""
    path = os.environ.get(PREFIX, "")
    try:
        bare = prefix_option(path).get("server.baseUrlPath", "")
    except SettingsError as error:
        return mend(str(error), f"Set {PREFIX} to a path, or take it out.")
    home = f"/{bare}" if bare else ""
    if house.settings.login is Login.OIDC:
        back = urlsplit(str(_oidc().get("redirect_uri", ""))).path
        if back != home + CALLBACK:
            said = f"The login sends people back to {back or '/'}, but the app is under {home}/."
            return mend(said, f"Let redirect_uri end with {home}{CALLBACK}.")
    return well(f"Pages are under {home}/.") if bare else idle("The app has a host of its own.")


def linked(house: House) -> Finding:
    """What share of the employees has a shop account that is known: no other deck counts."""
    if not house.settings.login.is_real:
        return idle("Without a login nobody is linked to a shop account.")
    accounts = Accounts(house.settings.accounts_path)
    try:
        known = sum(accounts.counts().values())
    finally:
        accounts.close()
    study = study_to_play(house.store)
    invited = house.store.invited(study.hash) if study else None
    of = f" for {invited:,} invited" if invited else ""
    said = f"{known:,} employees are linked{of}{f', {known / invited:.0%}' if invited else ''}."
    how = "Import the shop's table with `brandswipe accounts import`, or set `shop_link`."
    if not known:
        return mend(said, how)
    if invited and known < invited / 2:
        return advice(said, f"The decks of the others will not count. {how}")
    return well(said)


def _planted(house: House) -> bool:
    return house.warehouse.planted


def _oidc() -> Mapping[str, Any]:
    from streamlit.auth_util import get_secrets_auth_section

    return get_secrets_auth_section()
