"""One file of HTML: its style and fonts are inside, and it asks nothing of any address."""

from base64 import b64encode
from dataclasses import dataclass
from functools import cache, partial

import pandas as pd
from markupsafe import Markup

from app.presentation.palette import DARK, LIGHT
from app.presentation.templating import render_template
from app.presentation.theme import HEADING_FONT, STATIC_FOLDER, TEXT_FONT, css_variables
from app.reports.charts import Chart
from app.reports.html.svg import chart_svg
from app.reports.unknown_charts import value_or_unknown


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A picture with the sentence that says what it shows, and its table."""

    title: str  # empty where a heading above it says it
    caption: str
    picture: Markup  # SVG, or nothing
    folded_table: pd.DataFrame | None = None  # opened by a click
    open_table: pd.DataFrame | None = None  # in the place of the picture
    css_class: str = ""


def chart_figure(chart: Chart, titled: bool = True) -> Figure:
    """Return a chart as the file shows it; a picture that cannot be drawn is left out."""
    title = chart.title if titled else ""
    if not chart.rows:
        return Figure(title, chart.caption, Markup(), open_table=chart.table)
    draw = partial(chart_svg, chart.rows, chart.alt_text)
    picture = value_or_unknown("drawing", draw, Markup())
    return Figure(title, chart.caption, picture, folded_table=chart.table)


def render_document(template: str, language: str, title: str, **context: object) -> str:
    """Return a file from a template that extends `document.html`."""
    return render_template(
        "app.reports.html",
        template,
        language=language,
        title=title,
        fonts=_embedded_fonts(),
        light_variables=css_variables(LIGHT),
        dark_variables=css_variables(DARK),
        **context,
    )


@cache
def _embedded_fonts() -> list[dict[str, str]]:
    files = {HEADING_FONT: "bricolage-latin.woff2", TEXT_FONT: "inter-latin.woff2"}
    return [
        {"family": family, "base64": b64encode((STATIC_FOLDER / name).read_bytes()).decode("ascii")}
        for family, name in files.items()
    ]
