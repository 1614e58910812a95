"""Every text exists in both languages and is written as the house speaks."""

import ast
import re
import string

import pytest

from app.presentation.i18n import (
    LANGUAGES,
    escape_markdown,
    format_percent,
    format_price,
    format_value,
    language_of_locale,
    load_texts,
    section_texts,
    translate,
)
from app.study.eligibility import Ineligible
from recsys.errors import UnknownNameError
from tests.support.paths import ROOT

APP = ROOT / "app"
ENGLISH, DUTCH = load_texts("en"), load_texts("nl")


def named_by(node: ast.AST) -> str | None:
    """The key of a call `translate(language, "a.key")`."""
    if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "translate":
        return None
    key = node.args[1] if len(node.args) > 1 else None
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None


def places(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def test_no_key_is_missing_in_either_language() -> None:
    assert set(ENGLISH) == set(DUTCH)


def test_every_text_that_the_code_names_is_in_the_catalogue() -> None:
    calls = [node for file in APP.rglob("*.py") for node in ast.walk(ast.parse(file.read_text()))]
    named = {key for call in calls if (key := named_by(call))}
    assert len(named) > 100
    templates = "".join(file.read_text() for file in APP.rglob("templates/*.html"))
    named_in_templates = set(re.findall(r'translate\(language, "([\w.]+)"', templates))
    assert len(named_in_templates) > 10
    named |= named_in_templates
    assert named - set(ENGLISH) == set()


@pytest.mark.parametrize(
    ("script", "sections"),
    [
        ("deck/deck", ["swipe"]),
        ("deck/overview", ["swipe"]),
        ("brand_picker/brand_picker", ["wall"]),
        ("practice/practice", ["practice", "swipe"]),
        ("reveal/reveal", ["reveal"]),
        ("story_crawl/story_crawl", ["crawl"]),
        ("small/share_link", ["pass_on"]),
    ],
)
def test_every_text_that_a_component_shows_is_in_its_section(
    script: str, sections: list[str]
) -> None:
    code = (APP / "web" / "components" / f"{script}.js").read_text()
    shown_there = set(re.findall(r"\btexts\.([a-z_]+)", code))
    assert shown_there
    assert shown_there - {key for name in sections for key in section_texts("en", name)} == set()


def test_every_way_of_not_counting_has_its_page() -> None:
    for why in [*Ineligible, "thin", "failed", "no_study"]:
        if why is not Ineligible.PLAYED:  # who has played may practise at once
            assert {f"state.{why}_title", f"state.{why}"} <= set(ENGLISH)


def test_a_text_asks_for_the_same_values_in_both_languages() -> None:
    differing = [key for key in ENGLISH if places(ENGLISH[key]) != places(DUTCH[key])]
    assert differing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_voice_has_no_exclamation_no_oops_and_no_empty_text(language: str) -> None:
    for key, words in load_texts(language).items():
        assert words.strip() == words != "", key
        assert "!" not in words, key
        assert "oops" not in words.lower(), key
        assert not re.search("[\U0001f300-\U0001faff☀-➿]", words), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_for_one_stands_beside_a_text_for_many(language: str) -> None:
    texts = load_texts(language)
    singles = [key for key in texts if key.endswith("_one")]
    assert singles
    for key in singles:
        assert "{n}" in texts[key.removesuffix("_one")], key


def test_numbers_are_written_as_the_language_writes_them() -> None:
    values = {"customers": 6_000_000, "seconds": 0.0612}
    assert (
        translate("en", "wait.found", **values) == "Found you among 6,000,000 customers in 0.061 s."
    )
    assert (
        translate("nl", "wait.found", **values) == "In 0,061 s gevonden tussen 6.000.000 klanten."
    )


@pytest.mark.parametrize(
    ("value", "english", "dutch"),
    [
        (0, "0", "0"),
        (12_345, "12,345", "12.345"),
        (0.06, "0.06", "0,06"),
        (3.14159, "3.1", "3,1"),
        (1234.5, "1,234", "1.234"),
        (True, "True", "True"),
        ("6,5", "6,5", "6,5"),
    ],
)
def test_a_value_is_shown_with_the_digits_that_count(
    value: object, english: str, dutch: str
) -> None:
    assert (format_value("en", value), format_value("nl", value)) == (english, dutch)


def test_a_share_is_shown_in_whole_per_cent() -> None:
    assert format_percent("en", 0.814) == "81%"


def test_the_reveal_counts_in_both_languages() -> None:
    counts = {"hits": 8, "picks": 10, "unmasked": 4, "decoys": 5}
    assert translate("en", "reveal.headline", **counts) == (
        "We guessed 8 of your 10. You unmasked 4 of 5 decoys."
    )
    assert translate("nl", "reveal.headline", **counts) == (
        "Wij raadden er 8 van jouw 10. Jij ontmaskerde 4 van de 5 lokmerken."
    )


def test_one_is_not_many() -> None:
    assert translate("en", "reveal.why_bought", n=1) == "You bought it once."
    assert translate("en", "reveal.why_bought", n=2) == "You bought it 2 times."


def test_a_brand_with_braces_is_shown_and_not_filled_in() -> None:
    assert "{n}" in translate("en", "personas.choose", name="{n}")


def test_a_section_keeps_its_places_for_the_component() -> None:
    swipe = section_texts("nl", "swipe")
    assert swipe["count"] == "Kaart {n} van {total}"
    assert swipe["question"].startswith("Een favoriet is een merk dat je kiest")


@pytest.mark.parametrize(("locale", "language"), [("nl-BE", "nl"), ("de-DE", "en"), (None, "en")])
def test_the_browser_s_language_is_taken_where_we_speak_it(
    locale: str | None, language: str
) -> None:
    assert language_of_locale(locale) == language


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"No text is called 'wait\.fond'\. Did you mean"):
        translate("en", "wait.fond")
    with pytest.raises(UnknownNameError, match="Known: en, nl"):
        load_texts("fr")
    with pytest.raises(UnknownNameError, match="Did you mean 'swipe'"):
        section_texts("en", "swip")


def test_a_missing_value_is_an_error_and_not_a_hole() -> None:
    with pytest.raises(KeyError):
        translate("en", "wait.found", customers=3)


def test_a_price_is_written_as_the_language_writes_it() -> None:
    assert (format_price("en", 129_995), format_price("nl", 129_995)) == ("1,299.95", "1.299,95")
    assert (format_price("en", 5), format_price("nl", 5)) == ("0.05", "0,05")


def test_a_name_with_signs_of_markdown_is_shown_as_it_is() -> None:
    assert escape_markdown("a*b_[x](y)") == r"a\*b\_\[x\]\(y\)"
    assert ":smile:" not in escape_markdown(":smile:")
    assert escape_markdown("Fjällräven 999") == "Fjällräven 999"
