"""The tokens can be read, say the same everywhere, and reach Streamlit."""

import json
import re
import tomllib

import pytest
from streamlit import config

from app.presentation.palette import THEMES, color_tokens, mix_colors
from app.presentation.theme import (
    STATIC_FOLDER,
    altair_theme,
    config_toml,
    page_css,
    streamlit_config,
    streamlit_options,
)
from app.web.components.reveal import card_tone
from recsys.study.deck import Source
from tests.support.contrast import contrast_ratio
from tests.support.paths import ROOT

COMPONENTS = ROOT / "app" / "web" / "components"

TEXT_TOKENS = ("ink", "quiet", "glow", "violet", "slate", "sand", "release", "hold", "undecided")


def test_contrast_is_that_of_the_published_formula() -> None:
    assert contrast_ratio("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast_ratio("#777777", "#FFFFFF") == pytest.approx(4.478, abs=1e-3)
    assert contrast_ratio("#FFFFFF", "#777777") == contrast_ratio("#777777", "#FFFFFF")


@pytest.mark.parametrize("theme", THEMES)
def test_every_text_can_be_read(theme: str) -> None:
    t = color_tokens(theme)
    for name in TEXT_TOKENS:
        for ground in (t.paper, t.surface):
            assert contrast_ratio(getattr(t, name), ground) >= 4.5, (name, ground)


@pytest.mark.parametrize("theme", THEMES)
def test_words_on_a_filled_button_can_be_read(theme: str) -> None:
    t = color_tokens(theme)
    for name in ("glow", "violet", "slate", "quiet"):
        assert contrast_ratio(t.paper, getattr(t, name)) >= 4.5, name
    assert contrast_ratio(t.on_glow, t.glow) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_words_on_a_tinted_ground_can_be_read(theme: str) -> None:
    options = streamlit_config()
    for family in ("red", "orange", "yellow", "green", "blue", "violet", "gray"):
        ground = str(options[f"theme.{theme}.{family}BackgroundColor"])
        word = str(options[f"theme.{theme}.{family}TextColor"])
        assert contrast_ratio(word, ground) >= 4.5, family


def test_the_written_config_is_that_of_the_tokens() -> None:
    written = (ROOT / ".streamlit" / "config.toml").read_text("utf-8")
    assert written == config_toml(), (
        "run `python -m app.presentation.theme > .streamlit/config.toml`"
    )


def test_the_config_file_and_the_flags_say_the_same() -> None:
    parsed = tomllib.loads(config_toml())
    for name, value in streamlit_config().items():
        here: object = parsed
        for part in name.split("."):
            assert isinstance(here, dict)
            here = here[part]
        assert here == value, name
    for flag, value in zip(streamlit_options(), streamlit_config().values(), strict=True):
        said = flag.partition("=")[2]
        assert said == value or json.loads(said) == value


def test_streamlit_knows_every_option() -> None:
    known = set(config._config_options_template)
    assert set(streamlit_config()) <= known


def test_nothing_is_told_to_anybody_else() -> None:
    options = streamlit_config()
    assert options["browser.gatherUsageStats"] is False
    assert options["server.address"] == "127.0.0.1"
    assert "http" not in config_toml()
    files = [file for kind in ("js", "css", "html") for file in COMPONENTS.rglob(f"*.{kind}")]
    assert len(files) > 30
    for file in files:
        addresses = set(re.findall(r"https?://[^\s\"'`]+", file.read_text("utf-8")))
        assert addresses <= {"http://www.w3.org/2000/svg"}, file


def test_the_fonts_are_small_and_carry_their_licences() -> None:
    fonts = list(STATIC_FOLDER.glob("*.woff2"))
    assert len(fonts) == 3
    assert sum(font.stat().st_size for font in fonts) < 150_000
    for font in fonts:
        licence = STATIC_FOLDER / f"{font.name.partition('-')[0]}-OFL.txt"
        assert "SIL OPEN FONT LICENSE Version 1.1" in licence.read_text("utf-8")
    told = json.dumps(streamlit_config()["theme.fontFaces"])
    assert all(f"app/static/{font.name}" in told for font in fonts)


def test_the_swipe_component_is_small_and_never_reads_markup_from_names() -> None:
    scripts = {file.name: file.read_text("utf-8") for file in COMPONENTS.rglob("*.js")}
    parts = (
        "base.js",
        "brand_tile.js",
        "outbox.js",
        "save_indicator.js",
        "gestures.js",
        "cards.js",
        "overview.js",
        "deck.js",
    )
    assert sum(len(scripts[part].encode()) for part in parts) < 40_000
    for name, script in scripts.items():
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script
        )
        assert "randomUUID" not in script, name


def test_a_mix_lies_between_its_colours() -> None:
    assert mix_colors("#000000", "#FFFFFF", 0) == "#000000"
    assert mix_colors("#000000", "#FFFFFF", 0.5) == "#808080"
    assert mix_colors("#000000", "#FFFFFF", 1) == "#FFFFFF"


def test_charts_draw_in_the_theme_s_tokens() -> None:
    for theme, t in THEMES.items():
        drawn = json.dumps(altair_theme(theme))
        assert t.glow in drawn
        assert t.quiet in drawn
    assert altair_theme(None) == altair_theme("light")


def test_the_page_s_css_is_one_style_element() -> None:
    assert page_css().startswith("<style>")
    assert page_css().endswith("</style>")


def test_a_card_of_two_arms_has_the_colour_of_a_pick() -> None:
    assert card_tone({Source.PICK, Source.BASELINE}) == "pick"
    assert card_tone({Source.DECOY}) == "decoy"
    assert card_tone({Source.BASELINE}) == "popular"
