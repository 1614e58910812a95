"""Where things are in the checkout."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED_DATA = ROOT.parent / "shared" / "data"
"""Real and broken logs that stand beside the checkout."""
