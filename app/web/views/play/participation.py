"""How many have played and how many it takes: whole batches, no names, no ranks."""

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
    """Participation in published batches, and what a verdict takes."""

    played: int  # 0 while there are fewer people than a cell
    min_people: int  # people at which there may be a verdict
    max_people: int  # people at which there probably is one; the bar's full length
    caption: str


def show_participation(language: str, game: Game) -> None:
    """The bar of a live study, and its words."""
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
    """The report; None where what is stored is damaged: the report says so to who can mend it."""
    try:
        return _published_report(game.row.hash, batches, game)
    except IntegrityError:
        return None


@st.cache_data(max_entries=4, show_spinner=False)
def _published_report(study: str, batches: int, _game: Game) -> Report:  # noqa: ARG001 the cache's key
    """The report of so many whole batches: it changes with a batch, and is computed with each."""
    return study_status(_game.store, _game.row).report


def participation_bar(language: str, report: Report) -> ParticipationBar:
    """What may be said: nothing of fewer people than a cell, and whole batches only."""
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
    """From how many to how many people it takes, as far as anybody can say."""
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
    """Filled as far as people have played; hatched from where there may be a verdict."""
    label = translate(language, "team.picture", n=bar.played, most=bar.max_people)
    return render_template(
        "app.web",
        "participation.html",
        # fewer than may be told is no number: the words beside it say so
        label=label if bar.played else None,
        verdict_left=f"{100 * bar.min_people / bar.max_people:.1f}",
        played_right=f"{100 - 100 * bar.played / bar.max_people:.1f}",
    )
