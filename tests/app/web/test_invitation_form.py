"""Inviting from the workbench: a list beside the form of a study, and its papers afterwards."""

import io
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.storage.study_db.store import StudyStore
from app.study.opening import open_study, play_dates
from app.web import runtime
from app.web.views.session import SESSION_KEY
from app.web.views.workbench.invitation_form import zip_files
from app.workspace.policies import default_policy
from app.workspace.settings import Login, Settings
from recsys.errors import BadInputError
from recsys.study.policy import StudyKind

LINK = "https://play.example.com"
LIST = "\n".join(["name,Email,team", *(f"N{n},n{n}@shop.example,T{n % 2}" for n in range(40))])
DAY = 86_400_000


def script() -> None:
    import streamlit as st

    from app.study.opening import open_study
    from app.web import runtime
    from app.web.views.workbench.invitation_form import (
        invitation_input,
        offer_invitation_files,
        send_invitations,
    )
    from app.workspace.policies import default_policy
    from recsys.study.policy import StudyKind

    asked, usable = invitation_input("en")
    if st.button("Lock", key="lock", disabled=not usable):
        row = open_study(
            runtime.store(), "autumn", StudyKind.LIVE, default_policy(), "m" * 64, "popularity", 7
        )
        st.session_state["opened"] = row.hash
        if asked is not None:
            send_invitations(row, asked)
    offer_invitation_files("en", st.session_state.get("opened", ""))


@pytest.fixture
def form(tmp_path: Path) -> Iterator[AppTest]:
    """The part of the form that invites, over a workspace without a shop."""
    runtime.use_settings(Settings(workspace=tmp_path, login=Login.LOCAL))
    yield AppTest.from_function(script, default_timeout=30).run()
    runtime.workspace().close()


def given(form: AppTest, content: str, link: str = LINK) -> AppTest:
    """The form with a list of employees and a link."""
    form.file_uploader(key="wb_invite_list").upload("people.csv", content.encode(), "text/csv")
    form.run()
    for field in form.text_input:
        field.set_value(link)
    return form.run()


def test_the_list_is_locked_with_the_study_and_its_papers_can_be_downloaded(form: AppTest) -> None:
    given(form, LIST)
    form.multiselect(key="wb_invite_columns").set_value(["team"])
    form.button(key="lock").click().run()
    assert not form.exception
    row = runtime.store().studies.get("autumn")
    assert runtime.store().invitations.count(row.hash) == 40
    hash, sent = form.session_state[SESSION_KEY].invitations
    assert hash == row.hash
    with zipfile.ZipFile(io.BytesIO(zip_files(sent.files))) as whole:
        papers = {name: whole.read(name).decode() for name in whole.namelist()}
    assert papers == sent.files
    assert {"invitations.csv", "mail.en.txt", "poster.nl.html"} <= set(papers)
    assert LINK in papers["mail.nl.txt"]
    assert "team" in papers["note.en.md"]
    assert any("40 people are invited" in each.value for each in form.markdown)


def test_a_study_without_a_list_invites_everybody(form: AppTest) -> None:
    form.button(key="lock").click().run()
    assert not form.exception
    assert runtime.store().invitations.count(runtime.store().studies.get("autumn").hash) is None
    assert form.session_state[SESSION_KEY].invitations is None


@pytest.mark.parametrize(
    ("content", "link", "said"),
    [
        ("name\nAda", LINK, "people.csv has no column of addresses"),
        ("email\n", LINK, "people.csv has no line with an address"),
        (LIST, "play.example.com", "'play.example.com' is no link"),
    ],
)
def test_a_list_or_a_link_that_cannot_be_used_opens_nothing(
    form: AppTest, content: str, link: str, said: str
) -> None:
    given(form, content, link)
    assert [said in error.value for error in form.error] == [True]
    assert "shop.example" not in form.error[0].value
    assert form.button(key="lock").disabled


def test_the_last_day_of_play_is_played_to_its_end() -> None:
    begins, ends = play_dates(date(1970, 1, 2), date(1970, 1, 3))
    assert (begins, ends) == (DAY, 3 * DAY)
    assert play_dates(None, None) == (None, None)


def test_a_last_day_before_the_first_is_refused() -> None:
    store, rule = StudyStore(), default_policy()
    dates = play_dates(date(2030, 1, 2), date(2030, 1, 1))
    with pytest.raises(BadInputError, match="last day of play is before the first"):
        open_study(store, "late", StudyKind.LIVE, rule, "m" * 64, "popularity", 1, None, dates)
    assert store.studies.all() == []


def test_the_days_of_a_study_stay_as_they_were_written_down(tmp_path: Path) -> None:
    rule, dates = default_policy(), play_dates(date(2030, 1, 2), date(2030, 1, 2))
    store = StudyStore(tmp_path / "study.db")
    open_study(store, "one day", StudyKind.LIVE, rule, "m" * 64, "popularity", 1, None, dates)
    store.close()
    row = StudyStore(tmp_path / "study.db").studies.get("one day")
    assert (row.plays_from, row.plays_until) == dates
