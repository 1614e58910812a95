"""A template escapes what it is given, and misses nothing."""

from importlib.resources import files

import jinja2
import pytest
from markupsafe import Markup

from app.presentation.templating import render_template


def test_a_value_is_escaped_and_markup_is_not() -> None:
    hostile = "<script>alert(1)</script>"
    assert "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>" in page(hostile)
    assert "<p><b>bold</b></p>" in page(Markup("<b>bold</b>"))


def page(message: str) -> str:
    return render_template("app.web", "message.html", message=message)


def test_a_value_that_is_missing_is_an_error_and_no_gap() -> None:
    with pytest.raises(jinja2.UndefinedError, match="'message' is undefined"):
        render_template("app.web", "message.html")


def test_the_css_beside_the_code_is_part_of_the_page() -> None:
    css = files("app.web").joinpath("message.css").read_text(encoding="utf-8")
    assert css.strip() in page("Hello")
