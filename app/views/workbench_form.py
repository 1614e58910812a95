"""The sidebar: what the data scientist may set, how long it will take, and the start."""

from dataclasses import asdict
from itertools import cycle

import streamlit as st

from app import runtime
from app.fit_time import expected_seconds
from app.jobs import Job
from app.views.workbench_shown import say, span
from recsys.errors import BrandswipeError
from recsys.model import RANGES, FitOptions, Weights, check_options

DEFAULT = FitOptions()
STEPS = {
    "factors": 8,
    "alpha": 5.0,
    "regularisation": 1.0,
    "iterations": 1,
    "sample": 0.05,
    "seed": 1,
    "own": 0.1,
    "collaborative": 0.1,
    "popularity": 0.01,
}
MOST_WEIGHT = 100


def form(language: str) -> None:
    """Draw the form; a press starts the fit, or says why not."""
    st.header(say(language, "form_title"))
    options = _options(language)
    refused = _refusal(options)
    st.caption(refused or _how_long(language, options))
    if st.button(say(language, "fit"), type="primary", width="stretch", key="wb_fit"):
        if refused:
            st.error(refused, icon=":material/info:")
        elif start(language, "fit", asdict(options)):
            st.rerun()


def start(language: str, kind: str, arguments: dict[str, object]) -> Job | None:
    """Start long work; where it cannot start, say so in a sentence and return None."""
    busy = runtime.jobs().running()
    if busy is not None:
        st.warning(say(language, f"busy_{busy.kind}"), icon=":material/hourglass_top:")
        return None
    try:
        return runtime.jobs().start(kind, arguments)
    except BrandswipeError as error:
        st.error(str(error), icon=":material/info:")
        return None


def _options(language: str) -> FitOptions:
    left, right = st.columns(2)
    with left:
        factors = int(_field(language, "factors", DEFAULT.factors))
        regularisation = _field(language, "regularisation", DEFAULT.regularisation)
        sample = _field(language, "sample", DEFAULT.sample)
    with right:
        alpha = _field(language, "alpha", DEFAULT.alpha)
        iterations = int(_field(language, "iterations", DEFAULT.iterations))
        seed = int(_field(language, "seed", DEFAULT.seed))
    st.caption(say(language, "weights"))
    plain = asdict(DEFAULT.weights)
    columns = cycle(st.columns(2))
    for column, (name, value) in zip(columns, list(plain.items()), strict=False):
        with column:
            plain[name] = _field(language, name, value)
    return FitOptions(
        factors, alpha, regularisation, iterations, sample, seed, weights=Weights(**plain)
    )


def _field(language: str, name: str, value: float) -> float:
    """One number, free to be typed: a sentence refuses what is out of range."""
    low, high = RANGES.get(name, (0, MOST_WEIGHT))
    meaning = say(language, f"about_{name}")
    allowed = say(language, "range", low=f"{low:g}", high=f"{high:,.0f}")
    found = st.number_input(
        say(language, f"option_{name}"),
        value=value,
        step=STEPS[name],
        format="%d" if isinstance(value, int) else "%g",
        key=f"wb_{name}",
        help=f"{meaning} {allowed}",
    )
    return value if found is None else found


def _refusal(options: FitOptions) -> str | None:
    try:
        check_options(options)
    except BrandswipeError as error:
        return str(error)
    return None


def _how_long(language: str, options: FitOptions) -> str:
    house = runtime.house()
    seconds = expected_seconds(house.registry.versions(), options, house.warehouse.customers)
    if seconds is None:
        return say(language, "no_estimate")
    return say(language, "estimate", span=span(language, seconds))
