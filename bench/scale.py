"""What six million customers cost: every stage from a planted shop's files to everybody's brands.

Run: python bench/scale.py [small|100k|1m|6m] [STAGE ...] [--folder DIR] [--keep]. Each stage is a
process of its own, so that its peak memory can be read when it ends; its result goes into
bench/results/scale_SIZE.json beside those of the other stages, then the table of bench/README.md
and the picture of how cost grows are drawn anew. The folder holds the shop's files and the
workspace, 14 GB at 6m, and goes at the end unless it is kept.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scale_stages import IF_ASKED, STAGES
from scale_table import draw

RESULTS = Path(__file__).parent / "results"
SIZES = {"small": 20_000, "100k": 100_000, "1m": 1_000_000, "6m": 6_000_000}
PACKAGES = ("numpy", "scipy", "implicit", "duckdb", "pyarrow")


def run(stage: str, folder: Path, customers: int) -> dict[str, Any]:
    """Run one stage in a process of its own; return what it found, its times and its memory."""
    script, out = Path(__file__).with_name("scale_stages.py"), folder / "said.json"
    out.unlink(missing_ok=True)
    load, started = round(os.getloadavg()[0], 1), time.perf_counter()
    child = subprocess.Popen([sys.executable, str(script), stage, str(folder), str(customers)])
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"The stage {stage} failed; its own words stand above.")
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_mib": used.ru_maxrss // 1024,
        "load_before": load,
        **json.loads(out.read_text(encoding="utf-8")),
    }


def known(file: Path) -> dict[str, Any]:
    """Return what earlier runs of this size found."""
    return json.loads(file.read_text(encoding="utf-8"))["stages"] if file.exists() else {}


def write(file: Path, customers: int, stages: dict[str, Any]) -> None:
    """Write the stages in their order, with the day, the machine and the versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    said = {
        "date": date.today().isoformat(),
        "machine": {
            "cpus": os.cpu_count(),
            "memory_gib": round(memory, 1),
            "system": platform.platform(terse=True),
        },
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
        "customers": customers,
        "stages": {name: stages[name] for name in STAGES if name in stages},
    }
    file.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Run the stages that are asked for and write each down when it is done."""
    asked = argparse.ArgumentParser(description="What does each stage cost?")
    asked.add_argument("size", nargs="?", default="small", choices=SIZES)
    asked.add_argument("stages", nargs="*", metavar="STAGE", help=f"of {', '.join(STAGES)}")
    asked.add_argument("--folder", type=Path)
    asked.add_argument("--keep", action="store_true", help="leave the folder as it is")
    said = asked.parse_args()
    if unknown := set(said.stages) - set(STAGES):
        asked.error(f"no stage is called {', '.join(unknown)}; known: {', '.join(STAGES)}")
    folder = said.folder or Path(tempfile.mkdtemp(prefix="scale-"))
    folder.mkdir(parents=True, exist_ok=True)
    file, customers = RESULTS / f"scale_{said.size}.json", SIZES[said.size]
    found = known(file)
    for stage in said.stages or [name for name in STAGES if name not in IF_ASKED]:
        found[stage] = run(stage, folder, customers)
        write(file, customers, found)
        print(stage, json.dumps(found[stage], indent=1), flush=True)
    draw(RESULTS, list(SIZES))
    if not said.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
