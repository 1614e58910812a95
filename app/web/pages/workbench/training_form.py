"""The sidebar: what the data scientist may set, how long it will take, and the start."""

from dataclasses import replace
from datetime import date
from itertools import cycle

import streamlit as st

from app.operations.job_eta import expected_seconds
from app.operations.jobs import Job
from app.storage.event_store.window import SHORT, Source, slice_of, source_to_row, versions_of
from app.web import runtime
from app.web.pages.workbench.formatting import say, span, when
from recsys.errors import BrandswipeError
from recsys.models.hybrid import (
    RANGES,
    FitOptions,
    Weights,
    check_options,
    options_to_row,
    weights_from_row,
    weights_to_row,
)

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
    with st.expander(say(language, "which_events")):
        source = _source(language)
    options = _options(language)
    judged = st.toggle(
        say(language, "evaluate_too"),
        value=True,
        help=say(language, "about_evaluate_too"),
        key="wb_evaluate_too",
    )
    refused = _refusal(options)
    seconds = None if refused else _seconds(options, judged)
    st.caption(refused or _how_long(language, seconds))
    if st.button(say(language, "fit"), type="primary", width="stretch", key="wb_fit"):
        if refused:
            st.error(refused, icon=":material/info:")
        elif start(language, "fit", _arguments(options, source, judged, seconds), source):
            st.rerun()


def _arguments(
    options: FitOptions, source: Source, judged: bool, seconds: float | None
) -> dict[str, object]:
    return {
        **options_to_row(options),
        "source": source_to_row(source),
        "evaluate": judged,
        "expected": seconds,
    }


def start(
    language: str, kind: str, arguments: dict[str, object], source: Source | None = None
) -> Job | None:
    """Start long work; where it cannot start, say so in a sentence and return None."""
    busy = runtime.jobs().running()
    if busy is not None:
        st.warning(say(language, f"busy_{busy.kind}"), icon=":material/hourglass_top:")
        return None
    try:
        if source is not None:
            slice_of(runtime.warehouse(), source)  # a window without events is refused here
        return runtime.jobs().start(kind, arguments)
    except BrandswipeError as error:
        st.error(str(error), icon=":material/info:")
        return None


def _source(language: str) -> Source:
    """Which version of the event store, and which days of its log."""
    known = {one.version: one for one in versions_of(runtime.warehouse())}
    chosen = st.selectbox(
        say(language, "option_events"),
        list(known),
        format_func=lambda version: say(
            language,
            "events_line",
            version=version[:SHORT],
            events=known[version].events,
            until=when(language, known[version].as_of * 1000),
        ),
        key="wb_events",
        help=say(language, "about_events"),
    )
    newest = next(iter(known))
    days = [_day(language, name) for name in ("since", "until")]
    return Source("" if chosen == newest else str(chosen), *days)


def _day(language: str, name: str) -> str:
    found = st.date_input(
        say(language, f"option_{name}"),
        value=None,
        min_value=date(1971, 1, 1),
        max_value=date(2100, 1, 1),
        format="YYYY-MM-DD",
        key=f"wb_{name}",
        help=say(language, f"about_{name}"),
    )
    return found.isoformat() if isinstance(found, date) else ""


def _options(language: str) -> FitOptions:
    left, right = st.columns(2)
    with left:
        factors = int(_field(language, "factors", DEFAULT.factors))
        regularisation = _field(language, "regularisation", DEFAULT.regularisation)
        sample = _sample(language, runtime.warehouse().customers)
    with right:
        alpha = _field(language, "alpha", DEFAULT.alpha)
        iterations = int(_field(language, "iterations", DEFAULT.iterations))
        seed = int(_field(language, "seed", DEFAULT.seed))
    options = FitOptions(factors, alpha, regularisation, iterations, sample, seed)
    chosen = st.toggle(
        say(language, "choose"), value=True, help=say(language, "about_choose"), key="wb_choose"
    )
    return options if chosen else replace(options, weights=_weights(language))


def _sample(language: str, customers: int) -> float:
    """The share to learn from, and how many customers that is."""
    share = _field(language, "sample", DEFAULT.share_of(customers))
    low, high = RANGES["sample"]
    if share >= high:
        st.caption(say(language, "sample_all", customers=customers))
    elif share >= low:
        read = round(share * customers)
        st.caption(say(language, "sample_some", read=read, customers=customers))
    return share


def _weights(language: str) -> Weights:
    plain = weights_to_row(Weights())
    columns = cycle(st.columns(3))
    for column, (name, value) in zip(columns, list(plain.items()), strict=False):
        with column:
            plain[name] = _field(language, name, value)
    return weights_from_row(plain)


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


def _seconds(options: FitOptions, judged: bool) -> float | None:
    house = runtime.house()
    return expected_seconds(house.registry.versions(), options, house.warehouse.customers, judged)


def _how_long(language: str, seconds: float | None) -> str:
    if seconds is None:
        return say(language, "no_estimate")
    return say(language, "estimate", span=span(language, seconds))
