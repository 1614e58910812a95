"""Where the server's own routes stand: under the path prefix, if there is one."""

import re

from streamlit import config

from recsys.errors import SettingsError

BASE_PATH_ENV = "STREAMLIT_SERVER_BASE_URL_PATH"  # by itself only `streamlit run` would read it


def base_path() -> str:
    """Return the path that all of ours starts with, slashes at both ends."""
    prefix = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{prefix}/" if prefix else "/"


def base_path_option(path: str) -> dict[str, object]:
    """Return the option for the path under which a proxy shows the app, if it is said.

    Raises SettingsError for what is no path.
    """
    if not re.fullmatch(r"(/?\w[\w.-]*)*/?", path, re.ASCII):
        raise SettingsError(
            f"{BASE_PATH_ENV} is {path!r}: set it to the path under which a proxy shows the app, "
            "such as /brands, made of letters, digits, '.', '-' and '_'."
        )
    base = path.strip("/")
    return {"server.baseUrlPath": base} if base else {}
