"""How long until a report stands: of 3,000 players, of one batch more, of 2,000 studies.

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

from recsys.report.evaluate import build_report, report_from_state
from recsys.report.tally import StudyState, add_closed_decks
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
    """Return the times of a whole report, and of reading and reporting one batch more."""
    decks = panel(PLAYERS + 5, 1, **chances)
    book = add_closed_decks(StudyState(), STUDY, decks[:PLAYERS])
    report_from_state(book, STUDY)

    def one_more() -> object:
        return report_from_state(add_closed_decks(book, STUDY, decks[PLAYERS:]), STUDY)

    return {
        "whole_ms": best(lambda: build_report(STUDY, decks[:PLAYERS])),
        "one_batch_more_ms": best(one_more),
    }


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
