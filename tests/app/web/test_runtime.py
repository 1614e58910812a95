"""The state of a server: each resource is opened once, and closed in the other order."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.web import runtime
from app.web.runtime import AppState
from app.workspace.settings import Settings


class Part:
    """A resource that notes when it is closed."""

    def __init__(self, name: str, closed: list[str]) -> None:
        self.name, self.closed = name, closed

    def close(self) -> None:
        self.closed.append(self.name)


def test_who_asks_at_the_same_moment_gets_the_same_resource() -> None:
    state, start = AppState(), threading.Barrier(8)

    def ask(_: int) -> object:
        start.wait()
        return state.once("part", lambda: time.sleep(0.01) or object())

    with ThreadPoolExecutor(8) as crowd:
        assert len(set(crowd.map(ask, range(8)))) == 1


def test_what_needs_another_resource_is_closed_before_it() -> None:
    state, closed = AppState(), list[str]()

    def open_second() -> Part:
        state.once("first", lambda: Part("first", closed))
        return Part("second", closed)

    second = state.once("second", open_second)
    state.once("plain", object)
    state.close()
    assert closed == ["second", "first"]
    assert state.once("second", open_second) is not second


def test_settings_that_were_given_outlive_a_close_and_others_are_read_anew(tmp_path: Path) -> None:
    given = Settings(workspace=tmp_path)
    runtime.use_settings(given)
    runtime.close_all()
    assert runtime.settings() is given
    runtime.use_settings(None)
    read = runtime.settings()
    runtime.close_all()
    assert runtime.settings() is not read


def test_a_guard_stands_before_one_state_and_not_before_the_next(tmp_path: Path) -> None:
    runtime.use_settings(Settings(workspace=tmp_path))
    runtime.mark_guarded()
    runtime.close_all()
    assert runtime.is_guarded()
    runtime.use_settings(Settings(workspace=tmp_path))
    assert not runtime.is_guarded()
