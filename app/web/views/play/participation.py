"""The participation bar: players so far and players needed; full batches, no names, no ranks."""

from dataclasses import dataclass
from functools import partial

import streamlit as st

from app.presentation.i18n import translate
from app.presentation.templating import render_template
from app.reports.unknown_charts import value_or_unknown
from app.study.game import Game
from app.study.results import study_status
from recsys.errors import IntegrityError
from recsys.report.forecast import DECIDED, HORIZON, Forecast
from recsys.report.report_data import Report
from recsys.report.shown_measures import REASON


@dataclass(frozen=True, slots=True)
class ParticipationBar:
    """Participation in published batches, and the number of people that a verdict needs."""

    played: int  # 0 below the minimum group size `policy.cell`
    min_people: int  # people from which a verdict is possible
    max_people: int  # people from which it is probable; full length of the bar
    caption: str


def show_participation(language: str, game: Game) -> None:
    """Show the bar of a live study and its caption."""
    counted_decks = game.store.decks.counted(game.row.hash)
    report = value_or_unknown(
        "participation", partial(_sound, game, counted_decks // game.study.policy.batch), None
    )
    if report is None:
        return
    st.header(translate(language, "team.title"), anchor=False)
    bar = participation_bar(language, report)
    st.html(_bar_html(language, bar))
    st.write(bar.caption)


def _sound(game: Game, batches: int) -> Report | None:
    """Return the report, or None if stored data is damaged; the report page shows that error."""
    try:
        return _published_report(game.row.hash, batches, game)
    except IntegrityError:
        return None


@st.cache_data(max_entries=4, show_spinner=False)
def _published_report(study: str, batches: int, _game: Game) -> Report:  # noqa: ARG001 the cache's key
    """Return the report after `batches` full batches. Cached: it changes only with a batch."""
    return study_status(_game.store, _game.row).report


def participation_bar(language: str, report: Report) -> ParticipationBar:
    """Return the publishable bar: full batches only, no number below `policy.cell` people."""
    played, policy, smallest_panel = report.players.counted, report.policy, report.smallest_panel
    least_text = translate(language, "team.least", least=smallest_panel)
    if played < policy.cell:
        early_text = translate(language, "team.early", n=policy.cell)
        return ParticipationBar(0, smallest_panel, smallest_panel, f"{early_text} {least_text}")
    low, high = _needed_range(report)
    sentences = [translate(language, "team.played", n=played)]
    sentences += [
        least_text if played < smallest_panel else _forecast_text(language, report.forecast)
    ]
    sentences += [translate(language, "team.fives", n=policy.batch)]
    return ParticipationBar(played, low, high, " ".join(filter(None, sentences)))


def _needed_range(report: Report) -> tuple[int, int]:
    """Return the forecast range (low, high) of the number of people that a verdict needs."""
    played, forecast = report.players.counted, report.forecast
    low = max(played + (forecast.low or 0), report.smallest_panel)
    if forecast.beyond:
        low = played + HORIZON
    return low, max(low, played + (forecast.high or 0))


def _forecast_text(language: str, forecast: Forecast) -> str:
    if forecast.reason == REASON:
        return ""
    if forecast.reason == DECIDED:
        return translate(language, "team.decided")
    if forecast.low is None or forecast.high is None:
        return translate(language, "team.beyond", low=forecast.low or HORIZON)
    key = "range" if forecast.high > forecast.low else "about"
    return translate(language, f"team.{key}", low=forecast.low, high=forecast.high)


def _bar_html(language: str, bar: ParticipationBar) -> str:
    """Return the bar as HTML: filled up to `played`, hatched from `min_people` on."""
    label = translate(language, "team.picture", n=bar.played, most=bar.max_people)
    return render_template(
        "app.web",
        "participation.html",
        # below the minimum group size no number is shown; the caption says so
        label=label if bar.played else None,
        verdict_left=f"{100 * bar.min_people / bar.max_people:.1f}",
        played_right=f"{100 - 100 * bar.played / bar.max_people:.1f}",
    )
