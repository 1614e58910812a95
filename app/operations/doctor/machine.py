"""The computer: who may read the files, its clock, its disk, and what is installed."""

import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from secrets import token_hex

from packaging.requirements import Requirement

from app.operations.doctor.finding import Finding, advice, mend, well
from app.operations.health import must_have_room
from app.storage.study_db.database import now_ms
from app.workspace.keys import NAMES
from app.workspace.workspace import House
from recsys.errors import WorkspaceError

LEAST_DISK = 500_000_000  # bytes: a study, its backup and a model beside each other
DRIFT_MS = 60_000  # by which two clocks of one computer may differ
LEAST_SQLITE = (3, 37)  # from here tables are strict
OTHERS = 0o077


def permissions(house: House) -> Finding:
    """Nobody but the server's own user may read what people bought, answered and sign with."""
    paths = [path for path in _private(house.workspace) if path.exists()]
    open_ = [path for path in paths if path.stat().st_mode & OTHERS]
    if open_:
        said = f"Others on this computer may read {', '.join(map(str, open_))}."
        return mend(said, f"chmod go= {' '.join(map(str, open_))}")
    foreign = [path for path in paths if path.stat().st_uid != os.geteuid()]
    if foreign:
        said = f"{', '.join(map(str, foreign))} belong to another user than this one."
        return mend(said, "Run brandswipe as the user who owns the workspace, or chown it.")
    return well("Only you can read the workspace, its stores and its keys.")


def _private(workspace: Path) -> Iterator[Path]:
    yield workspace
    yield from sorted(workspace.glob("*.db"))
    yield workspace / "chain.head"
    yield workspace / "secrets"
    yield from (workspace / "secrets" / name.lower() for name in NAMES)
    yield Path(".streamlit") / "secrets.toml"


def clock(house: House) -> Finding:
    """Decks and logins end by the clock; rows from the future say that it was set back."""
    now, probe = now_ms(), house.workspace / f".clock-{token_hex(8)}"
    try:
        probe.touch()
        disk = round(probe.stat().st_mtime * 1000)
    except OSError:
        disk = now  # what is wrong with the disk, the disk's own check says
    finally:
        probe.unlink(missing_ok=True)
    last = house.store.newest() or 0
    for other, of in ((disk, "the workspace's disk"), (last, "the newest row of the store")):
        ahead = other - now
        if ahead > DRIFT_MS or (of != "the newest row of the store" and -ahead > DRIFT_MS):
            said = f"The clock is {_long(abs(ahead))} {'behind' if ahead > 0 else 'ahead of'} {of}."
            return mend(said, "Set it, for instance with `timedatectl set-ntp true`.")
    return well("The clock agrees with the disk's, and no row is from the future.")


def _long(ms: int) -> str:
    for unit, size in (("days", 86_400_000), ("hours", 3_600_000)):
        if ms >= 2 * size:
            return f"{ms // size:,} {unit}"
    return f"{ms // 60_000:,} minutes"


def disk(house: House) -> Finding:
    """Whether the disk takes what is written, and for how long."""
    try:
        must_have_room(house.workspace)
    except WorkspaceError as error:
        return mend(str(error), "Make room, mend the disk, or mount it for writing.")
    used = shutil.disk_usage(house.workspace)
    said = f"{_size(used.free)} of {_size(used.total)} are free."
    if used.free < LEAST_DISK:
        return mend(said, f"Make room: at least {_size(LEAST_DISK)}.")
    if used.free < used.total / 20:
        return advice(said, "Less than a twentieth is left: make room before a backup needs it.")
    return well(said)


def _size(n: int) -> str:
    return f"{n / 1e9:,.1f} GB"


def versions(_: House) -> Finding:
    """Python, SQLite and every package are what this version was made for."""
    missing = [said for said in map(_unmet, _needed()) if said]
    if sqlite3.sqlite_version_info < LEAST_SQLITE:
        missing.append(f"SQLite {sqlite3.sqlite_version} is older than 3.37")
    if missing:
        said = f"{'; '.join(missing)}."
        return mend(said, f"{sys.executable} -m pip install -c constraints.txt brandswipe")
    parts = (
        f"brandswipe {version('brandswipe')}",
        f"Python {platform.python_version()}",
        f"Streamlit {version('streamlit')}",
        f"SQLite {sqlite3.sqlite_version}",
    )
    return well(f"{', '.join(parts)}.")


def _needed() -> Iterator[Requirement]:
    for line in requires("brandswipe") or ():
        found = Requirement(line)
        if found.marker is None or found.marker.evaluate({"extra": ""}):
            yield found


def _unmet(wanted: Requirement) -> str | None:
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return f"{wanted.name} is not installed"
    good = wanted.specifier.contains(found, prereleases=True)
    return None if good else f"{wanted.name} is {found}, needed is {wanted.specifier}"
