"""The base path: the path prefix of our own routes, if a proxy shows the app under one."""

import re

from streamlit import config

from app.workspace.settings import BASE_PATH_ENV
from recsys.errors import SettingsError


def base_path() -> str:
    """Return the path that all our URLs start with, with a slash at both ends."""
    prefix = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{prefix}/" if prefix else "/"


def base_path_option(path: str) -> dict[str, object]:
    """Return the Streamlit option for the base path, or no option for an empty path.

    Raises SettingsError for a text that is not a path.
    """
    if not re.fullmatch(r"(/?\w[\w.-]*)*/?", path, re.ASCII):
        raise SettingsError(
            f"{BASE_PATH_ENV} is {path!r}: set it to the path under which a proxy shows the app, "
            "such as /brands, made of letters, digits, '.', '-' and '_'."
        )
    base = path.strip("/")
    return {"server.baseUrlPath": base} if base else {}
