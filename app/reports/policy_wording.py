"""The policy of a study in words, field by field, and the caveats that no interval covers."""

from app.presentation.i18n import format_percent, format_value, translate
from app.reports.wording import report_text
from app.study.results import StudyStatus
from recsys.report.report_data import Report


def policy_fields(language: str, result: StudyStatus) -> list[tuple[str, str]]:
    """Return (name, value) of each field of policy and study, in words."""
    report, row = result.report, result.row
    policy = report.policy
    return [
        (translate(language, f"report.{field}"), value)
        for field, value in (
            ("policy_name", policy.name),
            ("policy_question", policy.question.nl if language == "nl" else policy.question.en),
            ("policy_deck", _deck_text(language, report)),
            ("policy_alpha", _alpha_text(language, report)),
            ("policy_least", format_value(language, policy.least_players)),
            ("policy_smallest", format_value(language, report.smallest_panel)),
            ("policy_completion", format_percent(language, policy.completion)),
            ("policy_batch", format_value(language, policy.batch)),
            ("policy_cell", format_value(language, policy.cell)),
            ("policy_segments", _segment_names(language, report)),
            (
                "policy_balance",
                None if policy.is_paired_comparison else _balance_text(language, report),
            ),
            ("policy_fast", _too_fast_text(language, report)),
            ("policy_rival", None if policy.is_paired_comparison else row.baseline),
            ("policy_attempt", format_value(language, row.attempt)),
            ("policy_seed", str(row.invitation_seed)),
            ("policy_hash", policy.hash),
            ("study_hash", row.hash),
            ("model_hash", row.model),
            ("challenger_hash", row.challenger),
        )
        if value is not None
    ]


def _alpha_text(language: str, report: Report) -> str:
    """Format an error rate with one digit more than other shares: 2.5% is not 2%."""
    share = round(100 * report.alpha, 1)
    percent_text = f"{format_value(language, int(share) if share.is_integer() else share)}%"
    return report_text(language, report.policy, "policy_alpha_is", share=percent_text)


def _segment_names(language: str, report: Report) -> str | None:
    names = [translate(language, f"report.{name}_title") for name in report.policy.segments]
    return ", ".join(names).lower() or None


def _deck_text(language: str, report: Report) -> str:
    recipe = report.policy.deck
    return report_text(
        language,
        report.policy,
        "policy_deck_is",
        picks=recipe.picks,
        baseline=recipe.baseline,
        scored=recipe.scored,
        near=recipe.near,
    )


def _balance_text(language: str, report: Report) -> str:
    balance = report.batches[-1].balance if report.batches else None
    formatted = "–" if balance is None else format_value(language, round(abs(balance), 2))
    return translate(
        language, "report.policy_balance_is", most=report.policy.balance, found=formatted
    )


def _too_fast_text(language: str, report: Report) -> str:
    rule = report.policy.too_fast
    return translate(
        language,
        "report.policy_fast_is",
        median=rule.median_ms,
        card=rule.card_ms,
        share=format_percent(language, rule.share),
    )


def caveat_texts(language: str, report: Report) -> list[str]:
    """Return the caveats that no interval covers, in plain words."""
    shopping = "strict" if report.policy.strict else "shopping"
    decoys = "" if report.policy.is_paired_comparison else "decoys"
    below = "" if report.policy.releases else "no_release"
    keys = filter(None, (below, "order", "people", shopping, decoys, "sales"))
    return [translate(language, f"report.caveat_{key}", n=report.attempt) for key in keys]
