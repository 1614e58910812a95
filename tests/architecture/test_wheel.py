"""The built wheel runs the demo from an empty directory, not only the checkout."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PACKED = ("app", "recsys", "data", "pyproject.toml", "README.md")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel was installed, without the packages it needs."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in PACKED:  # a copy: building leaves its own folders behind
        whole = ROOT / name
        copy = shutil.copytree if whole.is_dir() else shutil.copyfile
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        copy(whole, source / name)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    _done([*build, str(source)], folder)
    (wheel,) = folder.glob("*.whl")
    target = folder / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    _done([*pip, "--target", str(target), str(wheel)], folder)
    return target


def _done(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def demo(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the demo, run by the wheel's own command in an empty directory."""
    empty = tmp_path_factory.mktemp("empty")
    world = {name: value for name, value in os.environ.items() if "BRANDSWIPE" not in name}
    world |= {"PYTHONPATH": str(installed), "HOME": str(empty)}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["demo", "--customers", "400", "--port", str(port), "--no-browser"]
    log = (empty / "log").open("wb")
    process = subprocess.Popen(
        [str(installed / "bin" / "brandswipe"), *words],
        cwd=empty,
        env=world,
        stdout=log,
        stderr=log,
    )
    try:
        yield _answering(f"http://127.0.0.1:{port}", process, empty / "log")
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def _answering(url: str, process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{url}/healthz", timeout=2):
            return url
        time.sleep(0.2)
    pytest.fail(log.read_text())


def test_the_wheel_is_what_runs(installed: Path) -> None:
    code = "import app, recsys, importlib.resources as r; print(app.__file__, recsys.__file__)"
    world = os.environ | {"PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd="/", env=world, capture_output=True, text=True, check=True
    )
    assert all(name.startswith(str(installed)) for name in done.stdout.split())


@pytest.mark.parametrize("package", ["app", "recsys"])
def test_the_wheel_has_every_file_of_a_package(installed: Path, package: str) -> None:
    in_wheel, in_checkout = files_in(installed / package), files_in(ROOT / package)
    assert {path.suffix for path in in_checkout} >= KINDS[package]
    assert in_wheel == in_checkout


KINDS = {
    "app": {".py", ".css", ".html", ".js", ".json", ".toml", ".woff2"},
    "recsys": {".py"},
}


def files_in(folder: Path) -> set[Path]:
    """Return the files below a folder but what Python compiled."""
    found = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {path for path in found if "__pycache__" not in path.parts}


def test_the_demo_of_the_wheel_serves_the_page_and_its_fonts(demo: str) -> None:
    with urllib.request.urlopen(f"{demo}/", timeout=10) as page:
        assert b"Streamlit" in page.read()
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    with urllib.request.urlopen(f"{demo}/app/static/inter-latin.woff2", timeout=10) as font:
        assert font.read(4) == b"wOF2"
