"""Streamlit's options with colors and fonts, the CSS of the pages, and the theme of Altair charts.

`.streamlit/config.toml` has the output of `config_toml()`, for `streamlit run` from a checkout. An
installed wheel has no such file, so `brandswipe serve` passes `streamlit_options()` instead.
"""

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

from markupsafe import Markup

from app.presentation.palette import DARK, LIGHT, THEMES, mix_colors
from app.presentation.palette import ColorTokens as ColorTokens
from app.presentation.palette import color_tokens as color_tokens
from app.presentation.templating import render_template

STATIC_FOLDER = Path(__file__).parents[1] / "web" / "static"  # Streamlit wants it beside main.py
HEADING_FONT = "Bricolage Grotesque"
TEXT_FONT = "Inter"
_LATIN = "U+0000-00FF,U+0131,U+0152-0153,U+02C6,U+02DA,U+02DC,U+2000-206F,U+20AC,U+2122,U+2212"
_LATIN_EXT = "U+0100-0130,U+0132-0151,U+0154-02BA,U+1E00-1E9F,U+1EF2-1EFF"


def streamlit_config() -> dict[str, object]:
    """Return every Streamlit option that the app sets, by dotted name."""
    return {
        **_server_options(),
        **_font_options(),
        **_color_options("light"),
        **_color_options("dark"),
    }


def streamlit_options() -> list[str]:
    """Return `streamlit_config` as flags of `streamlit run`; lists are JSON."""
    return [f"--{name}={_flag_value(value)}" for name, value in streamlit_config().items()]


def config_toml() -> str:
    """Return `streamlit_config` as the text of a config.toml."""
    config = streamlit_config()
    font_faces = config.pop("theme.fontFaces")
    sections: dict[str, list[str]] = {}
    for name, value in config.items():
        section, option = name.rsplit(".", 1)
        sections.setdefault(section, []).append(f"{option} = {json.dumps(value)}")
    blocks = [f"[{section}]\n" + "\n".join(lines) for section, lines in sections.items()]
    return "\n\n".join([_CONFIG_HEADER, *blocks, *_font_face_blocks(font_faces)]) + "\n"


@cache
def page_css() -> str:
    """Return the style element of every page, for styles that are no theme option."""
    return render_template(
        "app.presentation",
        "page_style.html",
        variables=css_variables(LIGHT, DARK),
        selected_light=mix_colors(LIGHT.glow, LIGHT.ink, 0.2),
        selected_dark=DARK.glow,
    )


def css_variables(light: ColorTokens, dark: ColorTokens | None = None) -> Markup:
    """Return colors and fonts as custom properties of CSS: `--bs-on-glow: #FFFFFF;` and so on.

    With `dark` each color is that of the theme in use.
    """
    values = asdict(light)
    if dark is not None:
        dark_values = asdict(dark)
        values = {
            name: f"light-dark({value}, {dark_values[name]})" for name, value in values.items()
        }
    values |= {"heading_font": f"'{HEADING_FONT}', {TEXT_FONT}", "text_font": TEXT_FONT}
    return Markup(
        " ".join(f"--bs-{name.replace('_', '-')}: {value};" for name, value in values.items())
    )


def altair_theme(theme: str | None) -> dict[str, object]:
    """Return an Altair configuration with the colors of a theme."""
    colors = color_tokens(theme)
    axis = {
        "labelColor": colors.quiet,
        "titleColor": colors.quiet,
        "gridColor": colors.line,
        "domainColor": colors.line,
    }
    text = {"labelFont": TEXT_FONT, "titleFont": TEXT_FONT, "labelFontSize": 13}
    return {
        "background": "transparent",
        "font": TEXT_FONT,
        "axis": {**axis, **text, "tickColor": colors.line, "titleFontWeight": 500},
        "legend": {"labelColor": colors.ink, "titleColor": colors.quiet, **text},
        "title": {"color": colors.ink, "font": HEADING_FONT, "fontSize": 18, "anchor": "start"},
        "view": {"stroke": None},
        "mark": {"aria": False},  # a screen reader reads the chart as a whole, not 80 dots
        "range": {"category": _categorical_colors(colors)},
    }


def _server_options() -> dict[str, object]:
    return {
        "server.address": "127.0.0.1",
        "server.enableStaticServing": True,
        "server.fileWatcherType": "none",
        "server.headless": True,
        "server.enableAgentApi": False,
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "viewer",
        "logger.hideWelcomeMessage": True,
        "logger.level": "error",
        "runner.magicEnabled": False,
        "runner.postScriptGC": False,  # it takes 60 ms after every click, and swipes wait
        "client.showErrorDetails": "none",
    }


def _font_options() -> dict[str, object]:
    return {
        "theme.font": f"{TEXT_FONT}, system-ui, sans-serif",
        "theme.headingFont": f"'{HEADING_FONT}', {TEXT_FONT}, system-ui, sans-serif",
        "theme.headingFontWeights": [700, 700, 600, 600, 600, 600],
        "theme.headingFontSizes": ["2.5rem", "1.9rem", "1.45rem", "1.2rem", "1.05rem", "1rem"],
        "theme.metricValueFontWeight": 600,
        "theme.baseRadius": "14px",
        "theme.buttonRadius": "999px",
        "theme.paddingTop": "1.25rem",
        "theme.fontFaces": _font_faces(),
    }


def _font_faces() -> list[dict[str, str]]:
    return [
        _font_face(HEADING_FONT, "bricolage-latin", "200 800", _LATIN),
        _font_face(HEADING_FONT, "bricolage-latin-ext", "200 800", _LATIN_EXT),
        _font_face(TEXT_FONT, "inter-latin", "100 900", _LATIN),
    ]


def _font_face(family: str, file: str, weight: str, unicode_range: str) -> dict[str, str]:
    url = f"app/static/{file}.woff2"
    return {"family": family, "url": url, "weight": weight, "unicodeRange": unicode_range}


def _color_options(theme: str) -> dict[str, object]:
    colors = THEMES[theme]
    core_colors = {
        "primaryColor": colors.glow,
        "backgroundColor": colors.paper,
        "secondaryBackgroundColor": colors.surface,
        "textColor": colors.ink,
        "linkColor": colors.glow,
        "borderColor": colors.line,
        "dataframeBorderColor": colors.line,
        "codeBackgroundColor": mix_colors(colors.paper, colors.line, 0.5),
        "codeTextColor": colors.ink,
    }
    chart_colors = {
        "chartCategoricalColors": _categorical_colors(colors),
        "chartSequentialColors": [mix_colors(colors.line, colors.glow, i / 9) for i in range(10)],
        "chartDivergingColors": _diverging_colors(colors),
    }
    return {
        f"theme.{theme}.{k}": v
        for k, v in {**core_colors, **_color_families(colors), **chart_colors}.items()
    }


def _color_families(colors: ColorTokens) -> dict[str, object]:
    """Return Streamlit's seven color families; the components read them as --st-*-color."""
    families = {
        "red": colors.hold,
        "orange": colors.undecided,
        "yellow": colors.sand,
        "green": colors.release,
        "blue": colors.slate,
        "violet": colors.violet,
        "gray": colors.quiet,
    }
    shades: dict[str, object] = {}
    for name, color in families.items():
        shades[f"{name}Color"] = shades[f"{name}TextColor"] = color
        shades[f"{name}BackgroundColor"] = mix_colors(colors.surface, color, 0.06)
    return shades


def _categorical_colors(colors: ColorTokens) -> list[str]:
    return [colors.glow, colors.slate, colors.sand, colors.violet, colors.release, colors.quiet]


def _diverging_colors(colors: ColorTokens) -> list[str]:
    cold = [mix_colors(colors.slate, colors.line, i / 5) for i in range(5)]
    return [*cold, *(mix_colors(colors.line, colors.glow, i / 5) for i in range(1, 6))]


def _flag_value(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value)


def _font_face_blocks(font_faces: object) -> list[str]:
    assert isinstance(font_faces, list)
    lines = [[f"{k} = {json.dumps(v)}" for k, v in face.items()] for face in font_faces]
    return ["[[theme.fontFaces]]\n" + "\n".join(face) for face in lines]


_CONFIG_HEADER = """\
# Made by `python -m app.presentation.theme > .streamlit/config.toml`; a test compares both."""

if __name__ == "__main__":
    print(config_toml(), end="")
