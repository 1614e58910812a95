"""A PostgreSQL server of Debian's package for one test, on loopback, gone afterwards."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _programs() -> Path:
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    assert homes, "PostgreSQL is missing: apt-get install postgresql"
    return homes[-1]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def server() -> Iterator[str]:
    """Yield the address of an empty database; PostgreSQL refuses to run as root.

    Its folder is not one of pytest's, which only their owner may enter.
    """
    folder = Path(tempfile.mkdtemp(prefix="brandswipe-postgres-"))
    try:
        with _running(folder) as address:
            yield address
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(home: Path) -> Iterator[str]:
    port, data = _free_port(), home / "data"
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(home, "postgres")
    programs = _programs()
    made = [programs / "initdb", "-D", data, "-U", "shop", "--auth=trust", "--encoding=UTF8"]
    subprocess.run([*as_user, *map(str, made)], check=True, capture_output=True, cwd=home)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {home} -c fsync=off"
    started = [programs / "pg_ctl", "-D", data, "-o", options, "-l", home / "log", "-w", "start"]
    subprocess.run([*as_user, *map(str, started)], check=True, capture_output=True, cwd=home)
    try:
        yield f"postgres://shop@127.0.0.1:{port}/postgres"
    finally:
        stopped = [programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"]
        subprocess.run([*as_user, *map(str, stopped)], check=False, capture_output=True, cwd=home)
