"""The rule of a study in words: the policy field by field, and what no interval cures."""

from app.presentation.i18n import percent, shown, text
from app.reports.wording import said_of
from app.study.results import Judged
from recsys.report.evaluate import Report


def policy(language: str, judged: Judged) -> list[tuple[str, str]]:
    """The policy and the study, field by field in words."""
    report, row = judged.report, judged.row
    rule = report.policy
    return [
        (text(language, f"report.{field}"), value)
        for field, value in (
            ("policy_name", rule.name),
            ("policy_question", rule.question.nl if language == "nl" else rule.question.en),
            ("policy_deck", _deck(language, report)),
            (
                "policy_alpha",
                said_of(language, rule, "policy_alpha_is", share=_alpha(language, report)),
            ),
            ("policy_least", shown(language, rule.least_players)),
            ("policy_smallest", shown(language, report.smallest_panel)),
            ("policy_completion", percent(language, rule.completion)),
            ("policy_batch", shown(language, rule.batch)),
            ("policy_cell", shown(language, rule.cell)),
            ("policy_segments", _segments(language, report)),
            ("policy_balance", None if rule.is_duel else _balance(language, report)),
            ("policy_fast", _fast(language, report)),
            ("policy_rival", None if rule.is_duel else row.baseline),
            ("policy_attempt", shown(language, row.attempt)),
            ("policy_seed", str(row.invitation_seed)),
            ("policy_hash", rule.hash),
            ("study_hash", row.hash),
            ("model_hash", row.model),
            ("challenger_hash", row.challenger),
        )
        if value is not None
    ]


def _alpha(language: str, report: Report) -> str:
    """Write an error rate with a digit more than other shares: 2.5% is not 2%."""
    share = round(100 * report.alpha, 1)
    said = f"{shown(language, int(share) if share.is_integer() else share)}%"
    return said_of(language, report.policy, "policy_alpha_is", share=said)


def _segments(language: str, report: Report) -> str | None:
    names = [text(language, f"report.{name}_title") for name in report.policy.segments]
    return ", ".join(names).lower() or None


def _deck(language: str, report: Report) -> str:
    recipe = report.policy.deck
    return said_of(
        language,
        report.policy,
        "policy_deck_is",
        picks=recipe.picks,
        baseline=recipe.baseline,
        scored=recipe.scored,
        near=recipe.near,
    )


def _balance(language: str, report: Report) -> str:
    found = report.batches[-1].balance if report.batches else None
    at = "–" if found is None else shown(language, round(abs(found), 2))
    return text(language, "report.policy_balance_is", most=report.policy.balance, found=at)


def _fast(language: str, report: Report) -> str:
    rule = report.policy.too_fast
    return text(
        language,
        "report.policy_fast_is",
        median=rule.median_ms,
        card=rule.card_ms,
        share=percent(language, rule.share),
    )


def caveats(language: str, report: Report) -> list[str]:
    """What no interval cures, in plain words."""
    shopping = "strict" if report.policy.strict else "shopping"
    decoys = "" if report.policy.is_duel else "decoys"
    below = "" if report.policy.releases else "no_release"
    keys = filter(None, (below, "order", "people", shopping, decoys, "sales"))
    return [text(language, f"report.caveat_{key}", n=report.attempt) for key in keys]
