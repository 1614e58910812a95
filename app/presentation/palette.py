"""The colors of both themes, and the contrast ratio of two colors."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ColorTokens:
    """The colors of one theme, as #RRGGBB."""

    paper: str  # page
    surface: str  # cards, panels
    ink: str  # text, the line of a criterion's bar in a chart
    quiet: str  # secondary text, *don't know*
    glow: str  # *favourite*, primary button, picks in charts
    on_glow: str  # text on glow
    violet: str  # *super like*
    slate: str  # *not my favourite*, decoys in charts
    sand: str  # baseline in charts
    release: str  # this and the next two: verdicts, always with a word and a symbol
    hold: str
    undecided: str
    line: str  # borders and grids; never carries meaning


LIGHT = ColorTokens(
    paper="#FBF7F0",
    surface="#FFFFFF",
    ink="#1E1B2E",
    quiet="#6B6780",
    glow="#C8401B",
    on_glow="#FFFFFF",
    violet="#6A35D9",
    slate="#3B5B7A",
    sand="#8A6D2F",
    release="#1F7A4D",
    hold="#B3261E",
    undecided="#8A5A00",
    line="#E7DED0",
)
DARK = ColorTokens(
    paper="#15131F",
    surface="#211E2E",
    ink="#F3EFE7",
    quiet="#A8A3BC",
    glow="#FF8A66",
    on_glow="#15131F",
    violet="#B79BFF",
    slate="#8FB4DA",
    sand="#D9B96A",
    release="#5FD39B",
    hold="#FF8A80",
    undecided="#F2B84B",
    line="#3A3550",
)
THEMES: Mapping[str, ColorTokens] = {"light": LIGHT, "dark": DARK}
# Each is used for text on paper and on surface, so each has a contrast of at least 4.5:1 there.


def color_tokens(theme: str | None) -> ColorTokens:
    """Return the colors of the theme "light" or "dark"; light for anything else."""
    return THEMES.get(theme or "light", LIGHT)


def mix_colors(first: str, second: str, share: float) -> str:
    """Return the color at `share` (0 to 1) of the way from `first` to `second`."""
    pairs = zip(_channels(first), _channels(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


def _channels(color: str) -> list[int]:
    return [int(color[i : i + 2], 16) for i in (1, 3, 5)]
