"""Notes and tags stand beside versions that never change, and lines of them are only added."""

from pathlib import Path

import numpy as np
import pytest

from app.storage.model_registry import ModelRegistry
from recsys.errors import BadInputError, IntegrityError, UnknownNameError, WorkspaceError


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    return ModelRegistry(tmp_path / "models")


def saved(registry: ModelRegistry, n: int = 1) -> str:
    return registry.save({"factors": np.full(3, n)}, {}).hash


def test_notes_and_tags_leave_the_version_as_it_is(registry: ModelRegistry) -> None:
    hash = saved(registry)
    registry.annotations.add_note(hash, "  for the\nspring pilot ")
    registry.annotations.add_tag(hash, "spring-2026")
    assert [note.text for note in registry.annotations.notes(hash)] == ["for the spring pilot"]
    assert registry.annotations.tags(hash) == ["spring-2026"]
    assert registry.check("spring-2026") == hash


def test_a_tag_names_a_version_while_one_alone_has_it(registry: ModelRegistry) -> None:
    one, two = saved(registry), saved(registry, 2)
    for hash in (one, two):
        registry.annotations.add_tag(hash, "pilot")
    with pytest.raises(UnknownNameError, match="pilot"):
        registry.resolve("pilot")
    registry.annotations.remove_tag(one, "pilot")
    assert registry.resolve("pilot") == two


def test_what_was_written_is_never_changed(registry: ModelRegistry) -> None:
    hash = saved(registry)
    registry.annotations.add_tag(hash, "pilot")
    before = registry.annotations.path.read_text()
    registry.annotations.remove_tag(hash, "pilot")
    assert registry.annotations.path.read_text().startswith(before)
    assert registry.annotations.tags(hash) == []


@pytest.mark.parametrize("name", ["", "Pilot", "a b", "cafe", "deadbeef01", "-x", "x" * 41])
def test_a_name_that_cannot_be_a_tag_is_refused(registry: ModelRegistry, name: str) -> None:
    with pytest.raises(BadInputError, match="cannot be a tag"):
        registry.annotations.add_tag(saved(registry), name)


def test_an_empty_note_and_a_tag_that_is_not_there_are_refused(registry: ModelRegistry) -> None:
    hash = saved(registry)
    for text in ("  ", "x" * 501):
        with pytest.raises(BadInputError, match="A note has 1 to 500 characters"):
            registry.annotations.add_note(hash, text)
    with pytest.raises(BadInputError, match="no tag 'pilot'"):
        registry.annotations.remove_tag(hash, "pilot")


def test_a_damaged_line_is_named(registry: ModelRegistry) -> None:
    hash = saved(registry)
    registry.annotations.add_note(hash, "fine")
    with registry.annotations.path.open("a") as file:
        file.write("{\n")
    with pytest.raises(IntegrityError, match=r"Line 2 of remarks\.jsonl"):
        registry.annotations.notes(hash)


def test_a_remark_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="make room and write it again"):
        ModelRegistry(tmp_path / "nowhere").annotations.add_note("0" * 64, "hello")
