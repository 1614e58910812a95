"""How many have played and how many it takes: whole batches, no names, no ranks."""

from dataclasses import dataclass
from functools import partial

import streamlit as st

from app.presentation.i18n import text
from app.presentation.palette import DARK, LIGHT
from app.reports.unknown_charts import value_or_unknown
from app.study.game import Game
from app.study.results import judge
from recsys.errors import IntegrityError
from recsys.report.evaluate import Report
from recsys.report.forecast import DECIDED, HORIZON, Forecast
from recsys.report.shown_measures import REASON


@dataclass(frozen=True, slots=True)
class Meter:
    """Participation in published batches, and what a verdict takes."""

    played: int  # 0 while there are fewer people than a cell
    least: int  # people at which there may be a verdict
    most: int  # people at which there probably is one; the bar's full length
    words: str


def section(language: str, game: Game) -> None:
    """The bar of a live study, and its words."""
    full = sum(closing.why_not is None for closing in game.store.closings(game.row.hash))
    report = value_or_unknown(
        "participation", partial(_sound, game, full // game.study.policy.batch), None
    )
    if report is None:
        return
    st.header(text(language, "team.title"), anchor=False)
    shown = meter(language, report)
    st.html(_bar(language, shown))
    st.write(shown.words)


def _sound(game: Game, batches: int) -> Report | None:
    """The report; None where what is stored is damaged: the report says so to who can mend it."""
    try:
        return _published(game.row.hash, batches, game)
    except IntegrityError:
        return None


@st.cache_data(max_entries=4, show_spinner=False)
def _published(study: str, batches: int, _game: Game) -> Report:  # noqa: ARG001 the cache's key
    """The report of so many whole batches: it changes with a batch, and is computed with each."""
    return judge(_game.store, _game.row).report


def meter(language: str, report: Report) -> Meter:
    """What may be said: nothing of fewer people than a cell, and whole batches only."""
    played, policy, smallest = report.players.counted, report.policy, report.smallest_panel
    least = text(language, "team.least", least=smallest)
    if played < policy.cell:
        early = text(language, "team.early", n=policy.cell)
        return Meter(0, smallest, smallest, f"{early} {least}")
    low, high = _needed(report)
    said = [text(language, "team.played", n=played)]
    said += [least if played < smallest else _more(language, report.forecast)]
    said += [text(language, "team.fives", n=policy.batch)]
    return Meter(played, low, high, " ".join(filter(None, said)))


def _needed(report: Report) -> tuple[int, int]:
    """From how many to how many people it takes, as far as anybody can say."""
    played, ahead = report.players.counted, report.forecast
    low = max(played + (ahead.low or 0), report.smallest_panel)
    if ahead.beyond:
        low = played + HORIZON
    return low, max(low, played + (ahead.high or 0))


def _more(language: str, ahead: Forecast) -> str:
    if ahead.reason == REASON:
        return ""
    if ahead.reason == DECIDED:
        return text(language, "team.decided")
    if ahead.low is None or ahead.high is None:
        return text(language, "team.beyond", low=ahead.low or HORIZON)
    key = "range" if ahead.high > ahead.low else "about"
    return text(language, f"team.{key}", low=ahead.low, high=ahead.high)


def _bar(language: str, shown: Meter) -> str:
    """Filled as far as people have played; hatched from where there may be a verdict."""
    label = text(language, "team.picture", n=shown.played, most=shown.most)
    # fewer than may be told is no number: the words beside it say so
    said = f'role="img" aria-label="{label}"' if shown.played else 'aria-hidden="true"'
    glow, line = _both("glow"), _both("line")
    done, may = (100 * n / shown.most for n in (shown.played, shown.least))
    hatch = f"repeating-linear-gradient(135deg, {line} 0 4px, transparent 4px 8px)"
    return (
        f'<div {said} style="position:relative;height:1.1rem;'
        f'max-width:44rem;border-radius:999px;overflow:hidden;border:1.5px solid {line}">'
        f'<div style="position:absolute;inset:0 0 0 {may:.1f}%;background:{hatch}"></div>'
        f'<div style="position:absolute;inset:0 {100 - done:.1f}% 0 0;background:{glow}"></div>'
        "</div>"
    )


def _both(token: str) -> str:
    return f"light-dark({getattr(LIGHT, token)}, {getattr(DARK, token)})"
