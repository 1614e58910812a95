"""How far everybody is together: whole batches, nobody singled out, no promise too much."""

from dataclasses import replace

import pytest

from app.storage.study_db.store import StudyStore
from app.study.results import study_status
from app.web.views.play.participation import participation_bar
from recsys.report.forecast import BEYOND, Forecast
from recsys.report.report_data import Report
from recsys.study.deck import Origin
from recsys.study.policy import StudyKind
from tests.support.closed_decks import panel
from tests.support.report_workspace import open_one, play


def report_of(people: int) -> Report:
    """What a live study says after so many people."""
    store = StudyStore()
    row = open_one(store, "Autumn", StudyKind.LIVE)
    decks = panel(people, 5, pick=0.8, rival=0.7, decoy=0.4)
    own = [replace(d, deck=replace(d.deck, origin=Origin.OWN)) for d in decks]
    play(store, row, own)
    return study_status(store, row).report


@pytest.mark.parametrize("people", [0, 3, 9])
def test_below_ten_it_says_that_it_is_too_early_and_no_number(people: int) -> None:
    shown = participation_bar("en", report_of(people))
    assert shown.played == 0
    assert shown.caption.startswith("Fewer than 10 people have played so far.")
    assert "so that nobody can be picked out" in shown.caption


@pytest.mark.parametrize(("people", "said"), [(10, 10), (14, 10), (17, 15)])
def test_people_are_counted_in_whole_batches(people: int, said: int) -> None:
    shown = participation_bar("en", report_of(people))
    assert (shown.played, shown.min_people) == (said, 20)
    assert shown.caption.startswith(f"{said} people have played. It takes 20 at least")
    assert shown.caption.endswith("Counted in groups of 5, so that nobody can be picked out.")


def test_with_a_forecast_it_says_how_many_more() -> None:
    shown = participation_bar("nl", replace(report_of(25), forecast=Forecast(30, 45)))
    assert (shown.played, shown.min_people, shown.max_people) == (25, 55, 70)
    assert "Waarschijnlijk nog 30 tot 45 tot er een oordeel is." in shown.caption


@pytest.mark.parametrize(
    ("ahead", "said", "most"),
    [
        (Forecast(20, 20), "Probably about 20 more", 45),
        (Forecast(30, None), "Probably more than 30 more", 55),
        (Forecast(None, None, BEYOND), "Probably more than 2,000 more", 2025),
        (Forecast(None, None, "decided"), "There is a verdict.", 25),
    ],
)
def test_a_forecast_without_an_end_is_said_as_it_is(ahead: Forecast, said: str, most: int) -> None:
    shown = participation_bar("en", replace(report_of(25), forecast=ahead))
    assert said in shown.caption
    assert shown.max_people == most
