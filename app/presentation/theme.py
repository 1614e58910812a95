"""Streamlit's options with colors and fonts, the CSS of the pages, and the theme of Altair charts.

`.streamlit/config.toml` has the output of `config_toml()`, for `streamlit run` from a checkout. An
installed wheel has no such file, so `brandswipe serve` passes `streamlit_options()` instead.
"""

import json
from pathlib import Path

from app.presentation.palette import DARK, LIGHT, THEMES, mix_colors
from app.presentation.palette import ColorTokens as ColorTokens
from app.presentation.palette import color_tokens as color_tokens

STATIC_FOLDER = Path(__file__).parents[1] / "web" / "static"  # Streamlit serves it: beside main
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


def page_css() -> str:
    """Return the style element of every page, for styles that are no theme option."""
    return f"<style>{_PAGE_CSS}</style>"


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

_PAGE_CSS = f"""
html, body, .stApp [data-testid="stMain"] {{ overscroll-behavior: none; }}
.stApp {{ font-variant-numeric: tabular-nums; }}
.stApp h1, .stApp h2, .stApp h3 {{ letter-spacing: -0.015em; text-wrap-style: balance; }}
.stApp [data-testid="stMarkdownContainer"] p {{ line-height: 1.6; text-wrap-style: pretty; }}
.stApp [data-testid="stMainBlockContainer"] {{ max-width: 60rem; }}
.stApp [data-testid="stMetricValue"] {{ font-family: '{HEADING_FONT}', {TEXT_FONT}, sans-serif; }}
.stApp button[kind^="primary"], .stApp button[kind^="secondary"] {{
  min-height: 3rem; padding-inline: 1.4rem;
}}
.stApp button[kind^="primary"] p, .stApp button[kind^="secondary"] p {{ font-weight: 600; }}
.stApp button[kind^="primary"] {{ color: light-dark({LIGHT.on_glow}, {DARK.on_glow}); }}
.stApp button[kind^="primary"]:disabled {{ color: light-dark({LIGHT.quiet}, {DARK.quiet}); }}
.stApp [data-testid="stCaptionContainer"] {{
  color: light-dark({LIGHT.quiet}, {DARK.quiet}); opacity: 1;
}}
.stApp [data-testid="stCaptionContainer"] p {{ color: inherit; }}
.stApp [role="radio"][data-selected] p {{
  color: light-dark({mix_colors(LIGHT.glow, LIGHT.ink, 0.2)}, {DARK.glow});
}}
@media (forced-colors: active) {{
  .stApp [role="radio"][data-selected] {{ background: Highlight; forced-color-adjust: none; }}
  .stApp [role="radio"][data-selected] p {{ color: HighlightText; }}
}}
.stApp a:focus-visible, .stApp main:focus-visible {{
  outline: 3px solid light-dark({LIGHT.glow}, {DARK.glow}); outline-offset: -3px;
}}
.stApp [data-testid="stAlertContainer"] {{
  border: 1px solid color-mix(in srgb, currentColor 24%, transparent);
}}
.stApp [data-testid="stCheckbox"] label > div:has(> svg) {{ border-radius: 5px; }}
.stApp [data-testid="stMainBlockContainer"]:has(.st-key-story) [data-stale="true"] {{
  display: none;
}}
.stApp [data-testid="stStatusWidget"]:not(:has([data-testid="stConnectionStatus"])) {{
  display: none;
}}
.stApp [data-testid="stSidebar"][data-collapsed="true"] * {{ visibility: hidden !important; }}
.stApp [data-testid="stTopNavLink"] p {{ line-height: inherit; }}
.stApp .st-key-notice {{ max-width: 36rem; margin: 7vh auto 0; }}
.stApp .fan {{ position: relative; width: 5.25rem; aspect-ratio: 3 / 4; margin: .5rem auto 1rem; }}
.stApp .fan i {{
  position: absolute; inset: 0; border-radius: 16px;
  background: light-dark({LIGHT.surface}, {DARK.surface});
  border: 1px solid light-dark({LIGHT.line}, {DARK.line});
  box-shadow: 0 14px 34px -12px rgb(30 20 10 / .22);
}}
.stApp .fan i:nth-child(1) {{ transform: translate(-1.1rem, .2rem) rotate(-10deg); }}
.stApp .fan i:nth-child(2) {{ transform: translate(1.1rem, .2rem) rotate(10deg); }}
.stApp .fan i:nth-child(3) {{
  border: 6px solid light-dark({LIGHT.surface}, {DARK.surface});
  background: linear-gradient(165deg, oklch(.58 .15 35), oklch(.42 .125 21)) padding-box;
}}
.stApp [class*="st-key-panel_"] {{
  background: light-dark({LIGHT.surface}, {DARK.surface}); border-radius: 24px; padding: 1.4rem;
}}
.stApp [class*="st-key-panel_"] :is(h2, h3) {{ padding-top: 0; }}
.stApp .st-key-panel_products h2 {{ font-size: 1.45rem; }}
.stApp .shelves {{
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr));
  gap: 1.4rem 3rem;
}}
.stApp .shelves h3 {{
  font: 600 0.875rem/1.4 {TEXT_FONT}, sans-serif; letter-spacing: 0; padding: 0 0 .4rem; margin: 0;
  color: light-dark({LIGHT.quiet}, {DARK.quiet});
}}
.stApp .shelves ul {{ list-style: none; margin: 0; padding: 0; }}
.stApp .shelves li {{
  display: flex; justify-content: space-between; gap: 1rem; margin: 0; padding: .55rem 0;
  border-top: 1px solid light-dark({LIGHT.line}, {DARK.line}); line-height: 1.4;
}}
.stApp .shelves span + span {{ white-space: nowrap; }}
.stApp .st-key-frame_bar {{ margin-top: 2.5rem; }}
.stApp {{ container-type: inline-size; }}
@container (min-width: 56rem) {{ /* unlike a media query it knows how large her letters are */
  .stApp .st-key-frame_bar {{
    position: fixed; top: .875rem; right: 4rem; width: auto; margin: 0; z-index: 999991;
  }}
}}
@media (max-width: 30rem) {{
  .stApp [data-testid="stMainBlockContainer"] {{ padding-left: 1rem; padding-right: 1rem; }}
  .stApp h1 {{ font-size: 2rem; }}
  .stApp h2 {{ font-size: 1.5rem; }}
  .stApp .st-key-frame_bar button {{ padding-inline: .6rem; }}
  .stApp .st-key-frame_bar button p {{ font-size: .8125rem; }}
}}
"""


if __name__ == "__main__":
    print(config_toml(), end="")
