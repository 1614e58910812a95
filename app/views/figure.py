"""A picture before it is drawn: what the page and the file that is mailed both show.

Colours are names of tokens; who draws knows the theme.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a track, or a dot at its start."""

    start: float
    end: float
    colour: str  # name of a token
    pale: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """One line of a picture, on a track from 0 to 100."""

    label: str
    shown: str  # the figure at the right
    parts: tuple[Part, ...] = ()
    dots: tuple[Part, ...] = ()  # at their `start`
    bar: float | None = None
    bar_label: str = ""
    tone: str = "ink"  # the figure's colour


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """Lanes with the sentence that says what they show and the table behind them.

    Without lanes there is the sentence alone, or it and a table.
    """

    title: str
    sentence: str
    lanes: Sequence[Lane] = ()
    table: pd.DataFrame | None = None
    spoken: str | None = None  # for who cannot see it, where it is not the sentence

    @property
    def alternative(self) -> str:
        """What is said to who cannot see the lanes."""
        return self.spoken or self.sentence
