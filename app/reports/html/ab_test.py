"""The readout of an A/B test: one sentence, one picture, its table; for the terminal and the board.

Figures are per cent of customers with one digit, differences in points of them.
"""

from collections.abc import Iterator

import pandas as pd

from app.presentation.i18n import format_value, translate
from app.reports.ab_test import ABTestResult
from app.reports.charts import Chart, ChartRow, ChartSpan
from app.reports.html.document import chart_figure, render_document
from recsys.ab_test.analysis import ENGAGED, MODEL_VARIANT, OUTCOMES, ABTestAnalysis, VariantStats
from recsys.stats import Estimate


def ab_test_html(language: str, result: ABTestResult) -> str:
    """Return the readout as one file, in English or Dutch."""
    outcome = _outcome(result.analysis)
    return render_document(
        "ab_test.html",
        language,
        translate(language, "readout.title"),
        outcome=outcome,
        outcome_text=translate(language, f"readout.{outcome}"),
        sentences=ab_test_sentences(language, result),
        figures=[chart_figure(chart) for chart in _charts(language, result.analysis)],
    )


def _charts(language: str, analysis: ABTestAnalysis) -> list[Chart]:
    variant_rows, difference_rows = (
        _variant_rows(language, analysis),
        _difference_rows(language, analysis),
    )
    charts = (
        ("arms_title", variant_rows, "arms_said", variant_table(language, analysis)),
        ("apart_title", difference_rows, "apart_said", difference_table(language, analysis)),
    )
    return [
        Chart(
            translate(language, f"readout.{title}"),
            translate(language, f"readout.{said}"),
            rows,
            table,
            "; ".join(f"{row.label}: {row.value_text}" for row in rows),
        )
        for title, rows, said, table in charts
    ]


def ab_test_sentences(language: str, result: ABTestResult) -> list[str]:
    """Return what was found, whether to believe it, and how well it was foretold."""
    return [
        *_difference_sentences(language, result),
        *_validity_sentences(language, result),
        *_study_agreement_sentences(language, result),
    ]


def _primary_comparison(analysis: ABTestAnalysis) -> Estimate:
    """The comparison that comes first: with the rival where there is one."""
    variant = "baseline" if "baseline" in analysis.differences else next(iter(analysis.differences))
    return analysis.differences[variant][ENGAGED]


def _outcome(analysis: ABTestAnalysis) -> str:
    """Return the outcome that gives the page its colors; unbelievable figures decide nothing."""
    estimate = _primary_comparison(analysis)
    if analysis.ratio is not None and analysis.ratio.mismatch:
        return "undecided"
    if estimate.low is not None and estimate.low > 0:
        return "release"
    return "hold" if estimate.high is not None and estimate.high < 0 else "undecided"


def _difference_sentences(language: str, result: ABTestResult) -> Iterator[str]:
    variants = {arm.name: arm for arm in result.analysis.variants}
    for name, measures in result.analysis.differences.items():
        estimate = measures[ENGAGED]
        if estimate.value is None:
            yield translate(
                language,
                f"readout.{_unknown_reason(variants[name])}",
                arm=name,
                n=variants[name].customers,
            )
            continue
        yield translate(
            language,
            "readout.found",
            ours=percent_with_digit(language, variants[MODEL_VARIANT].shares[ENGAGED]),
            theirs=percent_with_digit(language, variants[name].shares[ENGAGED]),
            arm=name,
            difference=points_with_digit(language, estimate.value),
            low=points_with_digit(language, estimate.low),
            high=points_with_digit(language, estimate.high),
        )


def _unknown_reason(variant: VariantStats) -> str:
    """Why nothing is said of an arm."""
    if not variant.customers:
        return "nobody"
    return "unknown" if variant.shares else "blank"


def _validity_sentences(language: str, result: ABTestResult) -> Iterator[str]:
    ratio_check = result.analysis.ratio
    if ratio_check is None:
        yield translate(language, "readout.ratio_unknown")
    else:
        sizes = ", ".join(
            f"{arm.name} {format_value(language, arm.customers)} "
            f"({percent_with_digit(language, ratio_check.planned[arm.name])})"
            for arm in result.analysis.variants
        )
        yield translate(
            language,
            "readout.ratio_off" if ratio_check.mismatch else "readout.ratio_kept",
            arms=sizes,
        )
    if result.in_two_variants:
        yield translate(language, "readout.twice", n=result.in_two_variants)
    if result.unmatched_outcomes:
        yield translate(language, "readout.others", n=result.unmatched_outcomes)


def _study_agreement_sentences(language: str, result: ABTestResult) -> Iterator[str]:
    if result.study is None:
        return
    if result.study_agreement is None:
        yield translate(language, "readout.foretold_nothing", study=result.study)
        return
    value, low, high = (points_with_digit(language, x) for x in result.study_agreement.lift)
    key = {None: "open", True: "right", False: "wrong"}[result.study_agreement.agrees]
    sentence = translate(
        language, "readout.foretold", study=result.study, difference=value, low=low, high=high
    )
    yield f"{sentence} {translate(language, f'readout.foretold_{key}')}"


def percent_with_digit(language: str, share: float) -> str:
    """Write a share as per cent with one digit."""
    return _localize_decimal(language, f"{100 * share:.1f}%")


def points_with_digit(language: str, share: float | None) -> str:
    """Write a difference in points with its sign and one digit; a dash where it is not known."""
    return (
        "–"
        if share is None
        else _localize_decimal(language, f"{100 * share:+.1f}").replace("-", "−")
    )


def _localize_decimal(language: str, number: str) -> str:
    return number.replace(".", ",") if language == "nl" else number


def _variant_rows(language: str, analysis: ABTestAnalysis) -> list[ChartRow]:
    known_variants = [arm for arm in analysis.variants if arm.shares]
    highest = max(arm.shares[ENGAGED] for arm in known_variants) or 1.0
    return [
        ChartRow(
            translate(language, "readout.lane", arm=arm.name, customers=arm.customers),
            percent_with_digit(language, arm.shares[ENGAGED]),
            (
                ChartSpan(
                    0,
                    90 * arm.shares[ENGAGED] / highest,
                    "glow" if arm.name == MODEL_VARIANT else "sand",
                ),
            ),
        )
        for arm in known_variants
    ]


def _difference_rows(language: str, analysis: ABTestAnalysis) -> list[ChartRow]:
    estimates = {name: found[ENGAGED] for name, found in analysis.differences.items()}
    widest = max(max(-(e.low or 0.0), e.high or 0.0) for e in estimates.values())
    return [
        _difference_row(language, name, found, widest or 1.0) for name, found in estimates.items()
    ]


def _difference_row(language: str, name: str, estimate: Estimate, widest: float) -> ChartRow:
    label = translate(language, "readout.against", arm=name)
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return ChartRow(label, "–")
    low, value, high = (50 + 45 * x / widest for x in (estimate.low, estimate.value, estimate.high))
    value_text = translate(
        language, "readout.points", points=points_with_digit(language, estimate.value)
    )
    zero_label = translate(language, "readout.zero")
    dots = (ChartSpan(value, value, "glow"),)
    return ChartRow(
        label, value_text, (ChartSpan(low, high, "glow", pale=True),), dots, 50, zero_label
    )


def variant_table(language: str, analysis: ABTestAnalysis) -> pd.DataFrame:
    """Return a row an arm: its customers and what share of them did each thing."""
    columns = ["arm", "customers", *OUTCOMES]
    rows = [
        [
            arm.name,
            format_value(language, arm.customers),
            *(percent_with_digit(language, arm.shares[m]) if arm.shares else "–" for m in OUTCOMES),
        ]
        for arm in analysis.variants
    ]
    return pd.DataFrame(rows, columns=[translate(language, f"readout.{name}") for name in columns])


def difference_table(language: str, analysis: ABTestAnalysis) -> pd.DataFrame:
    """Return a row an arm and measure: ours less theirs, in points."""
    columns = ["arm", "measure", "apart", "low", "high"]
    rows = [
        [
            name,
            translate(language, f"readout.{m}"),
            *(points_with_digit(language, x) for x in _value_and_bounds(found)),
        ]
        for name, measures in analysis.differences.items()
        for m, found in measures.items()
    ]
    return pd.DataFrame(rows, columns=[translate(language, f"readout.{name}") for name in columns])


def _value_and_bounds(estimate: Estimate) -> tuple[float | None, float | None, float | None]:
    return estimate.value, estimate.low, estimate.high
