"""What a folder of recsys hands on says what it takes and gives, under numpy's headings."""

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

FOLDERS = sorted(path.parent.name for path in (ROOT / "recsys").glob("*/__init__.py"))


def handed_on(folder: str) -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield the functions that a folder hands on and that take more than one argument."""
    module = importlib.import_module(f"recsys.{folder}")
    source = Path(module.__file__ or "").read_text(encoding="utf-8")
    for name in re.findall(r"import \w+ as (\w+)", source):
        function = getattr(module, name)
        if inspect.isfunction(function) and len(inspect.signature(function).parameters) > 1:
            yield name, function


def says_both(text: str) -> bool:
    """Return whether a docstring has a section Parameters, and says what is returned."""
    returned = text.startswith("Return ") or re.search(r"Returns\n\s+-+\n", text) is not None
    return returned and re.search(r"Parameters\n\s+-+\n", text) is not None


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_handed_on_names_its_parameters_and_what_it_returns(folder: str) -> None:
    silent = [name for name, function in handed_on(folder) if not says_both(function.__doc__ or "")]
    assert silent == []


def test_some_functions_are_handed_on() -> None:
    assert sum(len(list(handed_on(folder))) for folder in FOLDERS) > 10
