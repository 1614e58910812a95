"""How long until a report stands: of 3,000 players, of 2,000 studies.

Run: python bench/report.py. Writes bench/results/report.json. Times are the processor's, the best
of several runs, because whatever else the computer does is not the report's.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the app sets it
sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests deal the cards

from recsys.report.evaluate import build_report
from tests.statistical.simulated_studies import ALPHA, CRITERIA, ever, panels
from tests.support.closed_decks import STUDY, panel

PLAYERS, RUNS = 3_000, 15
KINDS = {"decided": {}, "undecided": {"pick": 0.75, "rival": 0.73, "decoy": 0.45}}


def best(work: Callable[[], object], runs: int = RUNS) -> float:
    """Return the least processor time of some runs, in milliseconds."""
    times = []
    for _ in range(runs):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return round(min(times) * 1000, 1)


def reports(chances: dict[str, float]) -> dict[str, float]:
    """Return the time of a whole report of so many players."""
    decks = panel(PLAYERS, 1, **chances)
    build_report(STUDY, decks)
    return {"whole_ms": best(lambda: build_report(STUDY, decks))}


def studies() -> float:
    """Return the seconds of 2,000 studies x 200 players, three criteria both ways, each look."""
    made = list(panels(200, 2000).values())[:CRITERIA]
    started = time.process_time()
    for scores in made:
        ever(scores, 1 / ALPHA)
        ever(scores, CRITERIA / ALPHA, upper=True)
    return round(time.process_time() - started, 1)


def main() -> None:
    """Measure and write down."""
    found = {
        "measured": date.today().isoformat(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "load": round(os.getloadavg()[0], 1),
        "players": PLAYERS,
        "reports": {kind: reports(chances) for kind, chances in KINDS.items()},
        "studies_2000x200_seconds": studies(),
    }
    text = json.dumps(found, indent=1) + "\n"
    (Path(__file__).parent / "results" / "report.json").write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
