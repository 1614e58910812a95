"""HTML lies in templates and CSS in files; the strings of Python hold neither."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PYTHON = sorted((ROOT / "app").rglob("*.py"))
TEMPLATES = sorted((ROOT / "app").rglob("templates/*.html"))
TAGS = (
    "html|head|meta|title|style|script|link|body|main|header|footer|section|div|span|p|br|hr|a|b|i|"
    "em|strong|small|code|pre|img|figure|figcaption|details|summary|ul|ol|li|dl|dt|dd|h[1-6]|table|"
    "thead|tbody|tr|th|td|form|input|button|label|svg|g|path|line|rect|circle|polygon|text"
)
HTML = re.compile(rf"<!doctype|</?({TAGS})(\s[^<>]*)?/?>", re.IGNORECASE)
CSS = re.compile(r"\{\s*[a-z-]+\s*:[^{};]+;|@(media|font-face|page)\b")
EXCEPTIONS = {
    "app/web/middleware.py": "a pattern that finds the scripts of Streamlit's own page",
}


def strings(tree: ast.AST) -> Iterator[str]:
    """Yield every string but docstrings; a value that is put into one reads "?"."""
    if isinstance(tree, ast.Expr) and isinstance(tree.value, ast.Constant):
        return
    if isinstance(tree, ast.JoinedStr):
        yield "".join(str(v.value) if isinstance(v, ast.Constant) else "?" for v in tree.values)
    elif isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        yield tree.value
    for node in ast.iter_child_nodes(tree):
        yield from strings(node)


def markup(source: str) -> list[str]:
    """Return the strings that hold a tag of HTML or a rule of CSS."""
    return [text for text in strings(ast.parse(source)) if HTML.search(text) or CSS.search(text)]


def test_no_string_holds_html_or_css_but_those_with_a_reason() -> None:
    found = {str(p.relative_to(ROOT)): markup(p.read_text(encoding="utf-8")) for p in PYTHON}
    assert {name: texts for name, texts in found.items() if texts and name not in EXCEPTIONS} == {}
    assert {name for name in EXCEPTIONS if not found[name]} == set(), "no exception any more"


@pytest.mark.parametrize(
    "planted",
    [
        "x = '<b>'",
        "x = f'<div class=\"{name}\">' f'{text}'",
        "x = '</section>'",
        "x = '<!doctype html>'",
        "x = f'.picture {{ fill: {color}; }}'",
        "x = '@media print'",
    ],
)
def test_planted_markup_is_found(planted: str) -> None:
    assert markup(planted)


@pytest.mark.parametrize(
    "innocent",
    ["'''Return <b>.'''", "x = 'a < b > c'", "x = '<key>_one'", "x = f'{a}: {b};'", "x = '{a: 1}'"],
)
def test_innocent_strings_pass(innocent: str) -> None:
    assert markup(innocent) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_template_escapes_what_it_is_given_and_runs_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe\b|\bautoescape\b|<script|\son[a-z]+=|https?:", text)
