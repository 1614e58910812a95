"""Keys turn: what was signed, and who somebody was, is still known until the next turn."""

import stat
from contextlib import closing
from pathlib import Path

import pytest

from app.auth.deck_tokens import DeckTokens
from app.auth.device_pairing import DevicePairing
from app.auth.identity import (
    all_employee_pseudonyms,
    badge,
    employee_pseudonym,
    former_pseudonyms,
    pseudonym,
)
from app.workspace.keys import SecretKeys
from app.workspace.settings import Settings, rotate_key, workspace_keys
from app.workspace.workspace import Workspace
from recsys.errors import NotAllowedError, SettingsError
from tests.support.cli_runner import brandswipe
from tests.support.games import game_of

NAMES = ("signing", "pseudonym", "link", "customer")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    workspace_keys(Settings(workspace=tmp_path), {})
    return Settings(workspace=tmp_path)


def test_an_open_page_keeps_its_pass_through_one_turn_and_not_through_two(
    settings: Settings,
) -> None:
    token = DeckTokens(workspace_keys(settings, {})).sign("p", "d", "ann")
    rotate_key(settings, "signing", keep=1, environ={})
    tokens = DeckTokens(workspace_keys(settings, {}))
    assert tokens.read(token, "ann").deck == "d"
    for stolen in ("bob", ""):
        with pytest.raises(NotAllowedError):
            tokens.read(token, stolen)
    fresh = tokens.sign("p", "d", "ann")
    rotate_key(settings, "signing", keep=1, environ={})
    turned = DeckTokens(workspace_keys(settings, {}))
    assert turned.read(fresh, "ann").deck == "d"
    with pytest.raises(NotAllowedError, match="reload"):
        turned.read(token, "ann")


def test_what_is_signed_now_is_worth_nothing_under_the_earlier_key(settings: Settings) -> None:
    before = workspace_keys(settings, {})
    rotate_key(settings, "signing", keep=1, environ={})
    token = DeckTokens(workspace_keys(settings, {})).sign("p", "d", "")
    with pytest.raises(NotAllowedError):
        DeckTokens(before).read(token, "")


def test_a_key_that_somebody_else_may_know_ends_at_once(settings: Settings) -> None:
    token = DeckTokens(workspace_keys(settings, {})).sign("p", "d", "")
    rotate_key(settings, "signing", keep=0, environ={})
    with pytest.raises(NotAllowedError, match="reload the page; no answer is lost"):
        DeckTokens(workspace_keys(settings, {})).read(token, "")


def test_a_phone_that_was_let_in_stays(settings: Settings) -> None:
    door = DevicePairing(workspace_keys(settings, {}))
    cookie = door.redeem(door.code)
    rotate_key(settings, "signing", keep=1, environ={})
    assert DevicePairing(workspace_keys(settings, {})).accepts(cookie or "")


def test_an_earlier_pseudonym_is_found_and_never_made(settings: Settings) -> None:
    old = workspace_keys(settings, {})
    rotate_key(settings, "pseudonym", keep=1, environ={})
    new = workspace_keys(settings, {})
    assert pseudonym(new, "employee ann") != pseudonym(old, "employee ann")
    assert former_pseudonyms(new, "employee ann") == (pseudonym(old, "employee ann"),)
    assert all_employee_pseudonyms(new, "ann") == (
        employee_pseudonym(new, "ann"), employee_pseudonym(old, "ann"),
    )  # fmt: skip
    assert former_pseudonyms(old, "employee ann") == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_new_key_is_its_owners_alone_and_the_others_stay(settings: Settings, name: str) -> None:
    old = workspace_keys(settings, {})
    rotate_key(settings, name, keep=1, environ={})
    new = workspace_keys(settings, {})
    assert {each for each in NAMES if getattr(old, each) != getattr(new, each)} == {name}
    folder = settings.workspace / "secrets"
    assert stat.S_IMODE((folder / f"{name}_key").stat().st_mode) == 0o600
    assert len(list(folder.iterdir())) == 4


def test_a_key_of_the_environment_turns_there(settings: Settings) -> None:
    world = {"BRANDSWIPE_SIGNING_KEY": "n" * 32}
    with pytest.raises(SettingsError, match="put a new one in front"):
        rotate_key(settings, "signing", keep=1, environ=world)
    both = {"BRANDSWIPE_SIGNING_KEY": f"{'n' * 32} {'o' * 32}"}
    found = workspace_keys(settings, both)
    assert (found.signing, found.former_signing) == (b"n" * 32, (b"o" * 32,))
    with pytest.raises(SettingsError, match="more than"):
        workspace_keys(settings, {"BRANDSWIPE_SIGNING_KEY": " ".join(sign * 32 for sign in "abc")})
    with pytest.raises(SettingsError, match="shorter than"):
        workspace_keys(settings, {"BRANDSWIPE_SIGNING_KEY": f"{'n' * 32} short"})


def test_no_key_reaches_a_log() -> None:
    assert repr(SecretKeys(b"a" * 32, b"b" * 32, former_signing=(b"c" * 32,))) == "Keys(...)"


def test_the_terminal_turns_a_key_and_says_what_it_costs(workspace: Path) -> None:
    def turned(*words: str) -> str:
        said = brandswipe("admin", "keys", "rotate", *words, workspace=workspace)
        assert said.code == 0, said
        return said.err

    assert "open decks go on" in turned("signing")
    assert "no answer is lost" in turned("signing", "--at-once")
    assert "still find what is older" in turned("pseudonym")
    assert "nobody can find the older rows" in turned("pseudonym", "--at-once")
    with closing(Workspace(Settings(workspace=workspace))) as house:
        ann = badge(house.keys, "ann")
        house.account_links.link(ann, house.account_links.issue_nonce(ann), "c0000004")
    assert "every link is gone" in turned("link")
    with closing(Workspace(Settings(workspace=workspace))) as house:
        assert house.account_links.counts_by_method() == {}
        assert badge(house.keys, "ann") != ann


def test_nobody_plays_twice_in_a_study_because_a_key_turned(workspace: Path) -> None:
    with closing(Workspace(Settings(workspace=workspace))) as house:
        study = game_of(house, store=house.store).row.name
    refused = brandswipe("admin", "keys", "rotate", "pseudonym", workspace=workspace)
    assert (refused.code, "close it first" in refused.err) == (2, True)
    assert brandswipe("study", "close", study, workspace=workspace).code == 0
    assert brandswipe("admin", "keys", "rotate", "pseudonym", workspace=workspace).code == 0


def test_after_a_turn_an_employee_is_still_forgotten_whole(workspace: Path) -> None:
    with closing(Workspace(Settings(workspace=workspace))) as house:
        house.store.participants.record_consent(employee_pseudonym(house.keys, "ann"), "w", True)
    assert brandswipe("admin", "keys", "rotate", "pseudonym", workspace=workspace).code == 0
    with closing(Workspace(Settings(workspace=workspace))) as house:
        house.store.participants.record_consent(employee_pseudonym(house.keys, "ann"), "w", True)
        assert house.store.participants.consent_counts("w") == (2, 0)
    assert brandswipe("people", "forget", "ann", workspace=workspace).code == 0
    with closing(Workspace(Settings(workspace=workspace))) as house:
        assert house.store.participants.consent_counts("w") == (0, 0)
