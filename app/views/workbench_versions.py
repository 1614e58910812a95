"""The model versions: which there are, which one is looked at, and in what two of them differ."""

from dataclasses import asdict
from typing import Any

import pandas as pd
import streamlit as st

from app import runtime
from app.registry import ALIASES, Version
from app.views.workbench_job import NEW
from app.views.workbench_shown import measured, named, number, plain, say, title, when
from app.words import percent, shown
from recsys.model import FitOptions

CHOSEN = "wb_version"
NOTHING = "–"  # a fact that a version did not write down


def overview(language: str, versions: list[Version]) -> None:
    """All versions as a table."""
    aliases = runtime.house().registry.aliases()
    rows = [_row(language, version, aliases) for version in versions]
    st.table(
        pd.DataFrame(rows), border="horizontal", hide_index=True, alt=say(language, "alt_versions")
    )
    st.caption(say(language, "about_balance"))


def choose(language: str, versions: list[Version]) -> Version:
    """Let one version be chosen; a fit that has just ended chooses its own."""
    registry = runtime.house().registry
    known = {version.hash: version for version in versions}
    new = st.session_state.pop(NEW, None)
    if new in known:
        st.session_state[CHOSEN] = new
    elif st.session_state.get(CHOSEN) not in known:
        st.session_state[CHOSEN] = registry.aliases().get("candidate", versions[0].hash)
    aliases = registry.aliases()
    chosen = st.selectbox(
        say(language, "version"),
        list(known),
        format_func=lambda hash: title(language, known[hash], aliases),
        key=CHOSEN,
    )
    _point(language, known[chosen])
    return known[chosen]


def _point(language: str, version: Version) -> None:
    registry = runtime.house().registry
    now = registry.aliases()
    with st.container(horizontal=True):
        for alias in ALIASES:
            is_now = now.get(alias) == version.hash
            pressed = st.button(
                say(language, f"is_{alias}" if is_now else f"make_{alias}"),
                help=say(language, f"about_{alias}"),
                disabled=is_now,
                key=f"wb_{alias}",
            )
            if pressed:
                registry.point(alias, version.hash)
                st.rerun()


def _row(language: str, version: Version, aliases: dict[str, str]) -> dict[str, str]:
    facts, options = version.facts, plain_options(version)
    called = [alias for alias, hash in aliases.items() if hash == version.hash]
    badges = " ".join(f":violet-badge[{named(language, 'alias', name)}]" for name in called)
    row = {
        "name": f"**{version.name}** {badges}",
        "made": when(language, version.made_at),
        "customers": _fact(facts.get("customers"), lambda value: shown(language, value)),
        "factors": number(language, options["factors"]),
        "alpha": number(language, options["alpha"]),
        "sample": percent(language, options["sample"]),
        "seconds": _fact(facts.get("fit_seconds"), lambda value: measured(language, value, 1)),
        "balance": _fact(facts.get("balance"), lambda value: measured(language, value, 2)),
    }
    return {say(language, f"column_{name}"): value for name, value in row.items()}


def _fact(value: Any, write: Any) -> str:
    return NOTHING if value is None else str(write(value))


def plain_options(version: Version) -> dict[str, Any]:
    """The options of a version as flat plain data, the weights beside the rest."""
    options = asdict(FitOptions()) | dict(version.facts.get("options", {}))
    return {name: value for name, value in options.items() if name != "weights"} | dict(
        options["weights"]
    )


def compare(language: str, version: Version, versions: list[Version]) -> None:
    """In what the chosen version differs from another one."""
    others = {other.hash: other for other in versions if other.hash != version.hash}
    if not others:
        st.write(say(language, "nothing_to_compare"))
        return
    aliases = runtime.house().registry.aliases()
    other = others[
        st.selectbox(
            say(language, "compare_with"),
            list(others),
            format_func=lambda hash: title(language, others[hash], aliases),
            key="wb_other",
        )
    ]
    rows = list(_differing(language, version, other))
    if not rows:
        st.write(say(language, "no_difference"))
        return
    head = [say(language, "column_differs"), version.name, other.name]
    st.table(
        pd.DataFrame(rows, columns=head),
        border="horizontal",
        hide_index=True,
        alt=say(language, "alt_compare"),
    )


def _differing(language: str, one: Version, two: Version) -> list[tuple[str, str, str]]:
    left, right = _everything(one), _everything(two)
    return [
        (
            named(language, "option", name),
            _written(language, left[name]),
            _written(language, right[name]),
        )
        for name in left
        if left[name] != right[name]
    ]


def _everything(version: Version) -> dict[str, Any]:
    facts = version.facts
    names = ("customers", "brands", "data_version", "code_version", "fit_seconds", "balance")
    return plain_options(version) | {name: facts.get(name) for name in names}


def _written(language: str, value: Any) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return plain(value[:12])
    return shown(language, value) if isinstance(value, int) else number(language, round(value, 4))
