"""How fast is the game in her hands?

Run: python bench/game.py [PART ...] [--repeats N]. Writes bench/results/game.json. The parts, each
three times on a server of its own: *hands*, one player in a real Chromium, from the click on play
to her first card and from a key to the stored row; *fifty*, players who arrive within ten seconds;
*frames*, twenty swipes on a phone with a quarter of the speed.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

# the finder of Chromium is that of the tests
sys.path.append(str(Path(__file__).parents[1]))

from game_arrivals import fifty
from game_frames import slow_phone
from game_hands import hands
from game_server import RESULTS, load, planted, record, serving

PARTS: dict[str, Callable[[Path, int, int], dict[str, Any]]] = {
    "hands": lambda workspace, port, _: hands(workspace, port),
    "fifty": lambda _, port, pid: fifty(port, pid),
    "frames": lambda _, port, __: slow_phone(port),
}


def measure(workspace: Path, part: str) -> dict[str, Any]:
    """Return what a part finds on a fresh server, and how busy the machine was before."""
    before = load()
    with serving(workspace) as (port, pid):
        return {**PARTS[part](workspace, port, pid), "load_before": before}


def known() -> dict[str, Any]:
    """Return what earlier runs found of the parts that are not run now."""
    file = RESULTS / "game.json"
    said = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return {part: said[part] for part in PARTS if part in said}


def main() -> None:
    """Run the parts and record them."""
    asked = argparse.ArgumentParser(description="How fast is the game in her hands?")
    asked.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    asked.add_argument("--repeats", type=int, default=3)
    said = asked.parse_args()
    if unknown := set(said.parts) - set(PARTS):
        asked.error(f"no part is called {', '.join(unknown)}; known: {', '.join(PARTS)}")
    found = known()
    with planted() as workspace:
        for part in said.parts or PARTS:
            found[part] = [measure(workspace, part) for _ in range(said.repeats)]
    record("game", **found)


if __name__ == "__main__":
    main()
