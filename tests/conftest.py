"""What all tests share."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

# implicit warns about a threaded BLAS at import; set before anything imports numpy
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import settings as property_settings

from app.web import runtime
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from tests.support.cli_runner import brandswipe
from tests.support.once import build_once, shared_root
from tests.support.planted_shops import FEW, IN_EARNEST, asking

CUSTOMERS, SEED = 1_500, 5

# a deadline measures the machine and not the property
property_settings.register_profile("house", deadline=None)
property_settings.load_profile("house")


@pytest.fixture(scope="session", autouse=True)
def few() -> Iterator[None]:
    """No test is a benchmark; those of how good a model is ask as many as a user's fit does."""
    with asking(FEW):
        yield


@pytest.fixture(autouse=True)
def own_runtime() -> Iterator[None]:
    """Leave no settings and nothing open to the next test, whichever that is."""
    yield
    runtime.use_settings(None)


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a planted shop and its model, made by the real commands. Do not write."""
    shared = build_once(shared_root(tmp_path_factory), "planted", plant_and_fit)
    own = tmp_path_factory.mktemp("planted") / "copy"  # no other process reads or locks it
    return shutil.copytree(shared, own) / "ws"


def plant_and_fit(folder: Path) -> None:
    """Plant a shop in `folder` and fit a model on it, as a user does."""
    shop, workspace = str(folder / "shop"), folder / "ws"
    with asking(IN_EARNEST):
        made = [
            brandswipe(
                "data",
                "generate",
                "--customers",
                str(CUSTOMERS),
                "--seed",
                str(SEED),
                "--out",
                shop,
            ),
            brandswipe("data", "ingest", shop, workspace=workspace),
            brandswipe("model", "fit", workspace=workspace),
        ]
    assert [said.code for said in made] == [0, 0, 0], made


@pytest.fixture(scope="session")
def planted_house(planted: Path) -> Iterator[Workspace]:
    """The house of the planted workspace, for tests that only read."""
    house = Workspace(Settings(workspace=planted))
    yield house
    house.close()


@pytest.fixture
def workspace(planted: Path, tmp_path: Path) -> Path:
    """A copy of the planted workspace, to write in."""
    shutil.copytree(planted, tmp_path / "ws")
    return tmp_path / "ws"


@pytest.fixture
def house(workspace: Path) -> Iterator[Workspace]:
    """The house of that copy."""
    opened = Workspace(Settings(workspace=workspace))
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def same_main_module() -> Iterator[None]:
    """Put `__main__` back: AppTest leaves its script there, which a spawned process would run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main
