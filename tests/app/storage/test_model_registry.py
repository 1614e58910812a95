"""Model versions: immutable, complete or absent, and free of pickle."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.storage import model_registry
from app.storage.model_registry import ModelRegistry
from recsys.errors import IntegrityError, UnknownNameError, WorkspaceError

ARRAYS = {
    "factors": np.arange(12, dtype=np.float32).reshape(4, 3),
    "brands": np.array(["Lego", "é"]),
}


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    return ModelRegistry(tmp_path / "models")


def test_a_version_comes_back_bit_for_bit(registry: ModelRegistry) -> None:
    version = registry.save(ARRAYS, {"alpha": 40.0}, {"seed": 7})
    arrays, meta = registry.load(version.hash)
    assert meta == {"alpha": 40.0}
    assert version.facts == {"seed": 7}
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert np.array_equal(arrays[name], array)


def test_a_version_is_named_by_hash_start_or_alias(registry: ModelRegistry) -> None:
    version = registry.save(ARRAYS, {})
    registry.set_alias("candidate", version.name)
    assert {registry.resolve(n) for n in (version.hash, version.name, "candidate")} == {
        version.hash
    }
    assert registry.aliases() == {"candidate": version.hash}


def test_an_unknown_name_lists_the_known_ones(registry: ModelRegistry) -> None:
    version = registry.save(ARRAYS, {})
    for name in ("champion", "nothing", "", version.hash[:3], "../models"):
        with pytest.raises(UnknownNameError, match=version.name):
            registry.load(name)
    with pytest.raises(UnknownNameError, match="candidate, champion"):
        registry.set_alias("winner", version.hash)


def test_an_empty_registry_has_no_versions(registry: ModelRegistry) -> None:
    assert registry.versions() == []
    with pytest.raises(UnknownNameError, match="none yet"):
        registry.load("candidate")


def test_versions_come_newest_first(tmp_path: Path) -> None:
    now, made = [0], []
    registry = ModelRegistry(tmp_path / "models", clock=lambda: now[0])
    for now[0] in (5, 9, 7):
        made.append(registry.save(ARRAYS, {}))
    assert [version.made_at for version in registry.versions()] == [9, 7, 5]
    assert registry.save(ARRAYS, {}) == made[2]
    assert len(registry.versions()) == 3


@pytest.mark.parametrize("left", [lambda data: data[:-1] + b"x", lambda data: data[:-9]])
def test_an_edited_or_truncated_file_is_refused_with_the_versions_name(
    registry: ModelRegistry, left: Callable[[bytes], bytes]
) -> None:
    version = registry.save(ARRAYS, {})
    path = registry.folder / version.hash / "factors.npy"
    path.write_bytes(left(path.read_bytes()))
    with pytest.raises(IntegrityError, match=version.name):
        registry.load(version.hash)


@pytest.mark.parametrize("name", ["extra.npy", "deep/extra.txt"])
def test_a_file_slipped_in_is_refused(registry: ModelRegistry, name: str) -> None:
    version = registry.save(ARRAYS, {})
    path = registry.folder / version.hash / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    with pytest.raises(IntegrityError, match=version.name):
        registry.load(version.hash)


def test_a_version_without_its_card_is_left_out_and_refused(registry: ModelRegistry) -> None:
    version = registry.save(ARRAYS, {})
    (registry.folder / version.hash / "model.json").write_text("{")
    assert registry.versions() == []
    with pytest.raises(IntegrityError, match=version.name):
        registry.version(version.hash)


def test_an_object_array_is_never_pickled(registry: ModelRegistry) -> None:
    with pytest.raises(TypeError, match="without pickle"):
        registry.save({"brands": np.array(["a", None])}, {})
    assert list(registry.folder.iterdir()) == []


def test_a_name_cannot_leave_the_folder(registry: ModelRegistry) -> None:
    with pytest.raises(TypeError, match="cannot be stored"):
        registry.save({"../out": np.zeros(1)}, {})


def test_a_full_disk_leaves_nothing_half_written(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = registry.save(ARRAYS, {})

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model_registry.np, "save", full)
    with pytest.raises(WorkspaceError, match=r"No space left.*make room"):
        registry.save(ARRAYS, {"other": 1})
    assert [path.name for path in registry.folder.iterdir()] == [kept.hash]
    assert registry.versions() == [kept]


def test_what_a_killed_process_left_is_never_listed_and_goes(registry: ModelRegistry) -> None:
    left = [registry.folder / name for name in (".new-old", ".new-just-now")]
    for folder in left:
        folder.mkdir(parents=True)
        (folder / "model.json").write_text("{}")
    os.utime(left[0], (1, 1))
    assert registry.versions() == []
    registry.save(ARRAYS, {})
    assert [folder.exists() for folder in left] == [False, True]
