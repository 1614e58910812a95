"""The training form in the sidebar: options, expected duration, and the start button."""

from dataclasses import replace
from datetime import date
from itertools import cycle

import streamlit as st

from app.operations.job_eta import expected_seconds
from app.operations.jobs import Job
from app.storage.event_store.window import (
    SHORT_VERSION,
    TrainingWindow,
    open_window,
    source_to_row,
    store_versions,
)
from app.web import runtime
from app.web.views.workbench.formatting import format_duration, format_time, workbench_text
from recsys.errors import BrandswipeError
from recsys.models.hybrid import (
    OPTION_RANGES,
    FitOptions,
    ScoreWeights,
    check_options,
    options_to_row,
    weights_from_row,
    weights_to_row,
)

DEFAULT_OPTIONS = FitOptions()
INPUT_STEPS = {
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
MAX_WEIGHT = 100


def training_form(language: str) -> None:
    """Show the form; the button starts the fit or shows an error."""
    st.header(workbench_text(language, "form_title"))
    with st.expander(workbench_text(language, "which_events")):
        window = _training_window(language)
    options = _fit_options(language)
    evaluate = st.toggle(
        workbench_text(language, "evaluate_too"),
        value=True,
        help=workbench_text(language, "about_evaluate_too"),
        key="wb_evaluate_too",
    )
    refusal = _options_error(options)
    seconds = None if refusal else _expected_seconds(options, evaluate)
    st.caption(refusal or _duration_text(language, seconds))
    if st.button(workbench_text(language, "fit"), type="primary", width="stretch", key="wb_fit"):
        if refusal:
            st.error(refusal, icon=":material/info:")
        elif start_job(language, "fit", _job_arguments(options, window, evaluate, seconds), window):
            st.rerun()


def _job_arguments(
    options: FitOptions, window: TrainingWindow, evaluate: bool, seconds: float | None
) -> dict[str, object]:
    return {
        **options_to_row(options),
        "source": source_to_row(window),
        "evaluate": evaluate,
        "expected": seconds,
    }


def start_job(
    language: str, kind: str, arguments: dict[str, object], window: TrainingWindow | None = None
) -> Job | None:
    """Start a background job; if it cannot start, show the reason and return None."""
    running_job = runtime.jobs().running()
    if running_job is not None:
        st.warning(
            workbench_text(language, f"busy_{running_job.kind}"), icon=":material/hourglass_top:"
        )
        return None
    try:
        if window is not None:
            open_window(runtime.event_store(), window)  # raises for a window without events
        return runtime.jobs().start(kind, arguments)
    except BrandswipeError as error:
        st.error(str(error), icon=":material/info:")
        return None


def _training_window(language: str) -> TrainingWindow:
    """Return the chosen version of the event store and range of days."""
    versions = {one.version: one for one in store_versions(runtime.event_store())}
    chosen = st.selectbox(
        workbench_text(language, "option_events"),
        list(versions),
        format_func=lambda version: workbench_text(
            language,
            "events_line",
            version=version[:SHORT_VERSION],
            events=versions[version].events,
            until=format_time(language, versions[version].as_of * 1000),
        ),
        key="wb_events",
        help=workbench_text(language, "about_events"),
    )
    newest = next(iter(versions))
    days = [_window_day(language, name) for name in ("since", "until")]
    return TrainingWindow("" if chosen == newest else str(chosen), *days)


def _window_day(language: str, name: str) -> str:
    chosen = st.date_input(
        workbench_text(language, f"option_{name}"),
        value=None,
        min_value=date(1971, 1, 1),
        max_value=date(2100, 1, 1),
        format="YYYY-MM-DD",
        key=f"wb_{name}",
        help=workbench_text(language, f"about_{name}"),
    )
    return chosen.isoformat() if isinstance(chosen, date) else ""


def _fit_options(language: str) -> FitOptions:
    left_column, right_column = st.columns(2)
    with left_column:
        factors = int(_number_field(language, "factors", DEFAULT_OPTIONS.factors))
        regularisation = _number_field(language, "regularisation", DEFAULT_OPTIONS.regularization)
        sample = _sample_field(language, runtime.event_store().customers)
    with right_column:
        alpha = _number_field(language, "alpha", DEFAULT_OPTIONS.alpha)
        iterations = int(_number_field(language, "iterations", DEFAULT_OPTIONS.iterations))
        seed = int(_number_field(language, "seed", DEFAULT_OPTIONS.seed))
    options = FitOptions(factors, alpha, regularisation, iterations, sample, seed)
    tuned = st.toggle(
        workbench_text(language, "choose"),
        value=True,
        help=workbench_text(language, "about_choose"),
        key="wb_choose",
    )
    return options if tuned else replace(options, weights=_weight_fields(language))


def _sample_field(language: str, customers: int) -> float:
    """Return the chosen share of customers, 0 to 1, and show their number."""
    share = _number_field(language, "sample", DEFAULT_OPTIONS.sample_share(customers))
    low, high = OPTION_RANGES["sample"]
    if share >= high:
        st.caption(workbench_text(language, "sample_all", customers=customers))
    elif share >= low:
        sampled_customers = round(share * customers)
        st.caption(
            workbench_text(language, "sample_some", read=sampled_customers, customers=customers)
        )
    return share


def _weight_fields(language: str) -> ScoreWeights:
    weights = weights_to_row(ScoreWeights())
    columns = cycle(st.columns(3))
    for column, (name, value) in zip(columns, list(weights.items()), strict=False):
        with column:
            weights[name] = _number_field(language, name, value)
    return weights_from_row(weights)


def _number_field(language: str, name: str, value: float) -> float:
    """Return a typed number. The range is not enforced here: the form shows the error."""
    low, high = OPTION_RANGES.get(name, (0, MAX_WEIGHT))
    meaning = workbench_text(language, f"about_{name}")
    allowed = workbench_text(language, "range", low=f"{low:g}", high=f"{high:,.0f}")
    entered = st.number_input(
        workbench_text(language, f"option_{name}"),
        value=value,
        step=INPUT_STEPS[name],
        format="%d" if isinstance(value, int) else "%g",
        key=f"wb_{name}",
        help=f"{meaning} {allowed}",
    )
    return value if entered is None else entered


def _options_error(options: FitOptions) -> str | None:
    try:
        check_options(options)
    except BrandswipeError as error:
        return str(error)
    return None


def _expected_seconds(options: FitOptions, evaluate: bool) -> float | None:
    workspace = runtime.workspace()
    return expected_seconds(
        workspace.registry.versions(), options, workspace.event_store.customers, evaluate
    )


def _duration_text(language: str, seconds: float | None) -> str:
    if seconds is None:
        return workbench_text(language, "no_estimate")
    return workbench_text(language, "estimate", span=format_duration(language, seconds))
