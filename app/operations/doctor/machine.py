"""Checks of the computer: file permissions, clock, disk, and installed packages."""

import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from secrets import token_hex

from packaging.requirements import Requirement

from app.operations.doctor.finding import Finding, advice, problem, well
from app.operations.health import check_disk_writable
from app.storage.study_db.database import now_ms
from app.workspace.keys import KEY_NAMES
from app.workspace.workspace import Workspace
from recsys.errors import WorkspaceError

MIN_FREE_BYTES = 500_000_000  # enough for a study, its backup and a model together
MAX_CLOCK_DRIFT_MS = 60_000  # tolerated difference between two clocks of one computer
MIN_SQLITE_VERSION = (3, 37)  # the first version with STRICT tables
OTHERS_MASK = 0o077  # permission bits of the group and of others
DiskUsage = Callable[[Path], tuple[int, int, int]]  # total, used and free bytes


def diagnose_permissions(workspace: Workspace, user: int | None = None) -> Finding:
    """Check that only the server's own user can read purchases, answers and keys."""
    owner = os.geteuid() if user is None else user
    paths = [path for path in _private_paths(workspace.folder) if path.exists()]
    exposed = [path for path in paths if path.stat().st_mode & OTHERS_MASK]
    if exposed:
        message = f"Others on this computer may read {', '.join(map(str, exposed))}."
        return problem(message, f"chmod go= {' '.join(map(str, exposed))}")
    foreign = [path for path in paths if path.stat().st_uid != owner]
    if foreign:
        message = f"{', '.join(map(str, foreign))} belong to another user than this one."
        return problem(message, "Run brandswipe as the user who owns the workspace, or chown it.")
    return well("Only you can read the workspace, its stores and its keys.")


def _private_paths(workspace: Path) -> Iterator[Path]:
    yield workspace
    yield from sorted(workspace.glob("*.db"))
    yield workspace / "chain.head"
    yield workspace / "secrets"
    yield from (workspace / "secrets" / name.lower() for name in KEY_NAMES)
    yield Path(".streamlit") / "secrets.toml"


def diagnose_clock(workspace: Workspace, clock: Callable[[], int] = now_ms) -> Finding:
    """Check the clock, by which decks and logins expire. A row from the future: it was set back."""
    now, probe = clock(), workspace.folder / f".clock-{token_hex(8)}"
    try:
        probe.touch()
        disk_ms = round(probe.stat().st_mtime * 1000)
    except OSError:
        disk_ms = now  # diagnose_disk reports a disk that cannot be written
    finally:
        probe.unlink(missing_ok=True)
    newest_row_ms = workspace.store.db.newest_row_at() or 0
    for other_ms, other_name in (
        (disk_ms, "the workspace's disk"),
        (newest_row_ms, "the newest row of the store"),
    ):
        ahead = other_ms - now
        if ahead > MAX_CLOCK_DRIFT_MS or (
            other_name != "the newest row of the store" and -ahead > MAX_CLOCK_DRIFT_MS
        ):
            message = (
                f"The clock is {_duration(abs(ahead))} "
                f"{'behind' if ahead > 0 else 'ahead of'} {other_name}."
            )
            return problem(message, "Set it, for instance with `timedatectl set-ntp true`.")
    return well("The clock agrees with the disk's, and no row is from the future.")


def _duration(ms: int) -> str:
    for unit, size in (("days", 86_400_000), ("hours", 3_600_000)):
        if ms >= 2 * size:
            return f"{ms // size:,} {unit}"
    return f"{ms // 60_000:,} minutes"


def diagnose_disk(workspace: Workspace, disk_usage: DiskUsage = shutil.disk_usage) -> Finding:
    """Check that the disk can be written and has enough free space."""
    try:
        check_disk_writable(workspace.folder)
    except WorkspaceError as error:
        return problem(str(error), "Make room, mend the disk, or mount it for writing.")
    total, _, free = disk_usage(workspace.folder)
    message = f"{_gigabytes(free)} of {_gigabytes(total)} are free."
    if free < MIN_FREE_BYTES:
        return problem(message, f"Make room: at least {_gigabytes(MIN_FREE_BYTES)}.")
    if free < total / 20:
        return advice(message, "Less than 5% is free: make room before a backup needs it.")
    return well(message)


def _gigabytes(n: int) -> str:
    return f"{n / 1e9:,.1f} GB"


def diagnose_versions(
    _: Workspace,
    required: Sequence[str] | None = None,
    min_sqlite: tuple[int, ...] = MIN_SQLITE_VERSION,
) -> Finding:
    """Check the versions of SQLite and of every required package; None: those of this program."""
    lines = requires("brandswipe") or () if required is None else required
    missing = [said for said in map(_unmet_requirement, _requirements(lines)) if said]
    if sqlite3.sqlite_version_info < min_sqlite:
        missing.append(f"SQLite {sqlite3.sqlite_version} is older than 3.37")
    if missing:
        message = f"{'; '.join(missing)}."
        return problem(message, f"{sys.executable} -m pip install -c constraints.txt brandswipe")
    parts = (
        f"brandswipe {version('brandswipe')}",
        f"Python {platform.python_version()}",
        f"Streamlit {version('streamlit')}",
        f"SQLite {sqlite3.sqlite_version}",
    )
    return well(f"{', '.join(parts)}.")


def _requirements(lines: Iterable[str]) -> Iterator[Requirement]:
    for line in lines:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement


def _unmet_requirement(requirement: Requirement) -> str | None:
    try:
        installed = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is not installed"
    fits = requirement.specifier.contains(installed, prereleases=True)
    return None if fits else f"{requirement.name} is {installed}, needed is {requirement.specifier}"
