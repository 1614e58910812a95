"""study plan: how many people a study needs, before anybody is invited."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from app.cli.common import (
    format_option,
    model_option,
    open_workspace,
    print_output,
    progress_reporter,
    text_table,
    workspace_option,
)
from app.cli.study.open import baseline_option, load_policy, policy_option
from app.modeling.recommender import load_recommender
from app.study.opening import check_challenger
from app.study.power import (
    StudyAssumptions,
    StudyPlan,
    TrialDecks,
    deal_trial_decks,
    plan_study,
    resolve_assumptions,
)
from app.study.results import latest_study, study_status
from app.workspace.policies import COMPARISON_POLICY
from app.workspace.workspace import Workspace
from recsys.study.policy import Policy, StudyKind
from recsys.study.power import PowerAssumptions, PowerScenario

SHARE_RANGE = click.FloatRange(0, 1)
LINKED_UNKNOWN = "unknown until colleagues have linked their accounts; give it with --linked"


@click.command()
@click.option(
    "--truth",
    type=SHARE_RANGE,
    multiple=True,
    default=(0.80, 0.85, 0.90),
    show_default=True,
    help="Assumed share of picks that people like; repeatable.",
)
@click.option(
    "--rival",
    type=SHARE_RANGE,
    multiple=True,
    default=(0.60, 0.75),
    show_default=True,
    help="Assumed share of the baseline's own brands that people like; repeatable.",
)
@click.option(
    "--decoys",
    type=SHARE_RANGE,
    default=0.35,
    show_default=True,
    help="Assumed share of decoys that people like.",
)
@click.option("--like", help="Earlier study that ICC and drop-out are taken from.")
@click.option(
    "--icc",
    type=click.FloatRange(0, 0.99),
    show_default="of --like, else 0.1",
    help="Correlation of the answers of one person (ICC).",
)
@click.option(
    "--drop-out",
    type=click.FloatRange(0, 0.99),
    show_default="of --like, else 0.05",
    help="Share of decks that are never finished.",
)
@click.option(
    "--linked",
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of the invited people who can be linked to a shop account.",
)
@policy_option
@model_option
@click.option("--challenger", help="Second version: plan a comparison of the two.")
@baseline_option
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Random seed of the simulated studies.",
)
@format_option
@workspace_option
def plan_command(
    truth: tuple[float, ...], rival: tuple[float, ...], decoys: float, like: str | None,
    icc: float | None, drop_out: float | None, linked: float | None, policy_name: str | None,
    model: str | None, challenger: str | None, baseline: str, seed: int, output_format: str,
    workspace: Path | None,
) -> None:  # fmt: skip
    """Plan how many people a verdict needs. Whole studies are simulated, all criteria together.

    Trial decks are dealt to 1,000 customers of the shop and thrown away: they show how the two
    lists overlap, and how far decoys are from their picks in popularity.

    Example: brandswipe study plan --rival 0.7
    """
    with open_workspace(workspace) as ws, progress_reporter() as report_progress:
        policy = load_policy(ws, policy_name or (COMPARISON_POLICY if challenger else None))
        earlier = study_status(ws.store, latest_study(ws.store, like)) if like else None
        assumptions = resolve_assumptions(earlier, icc, drop_out)
        recommender = load_recommender(ws, model, policy)
        check_challenger(policy, recommender.version, challenger and ws.version(challenger).hash)
        opponent = load_recommender(ws, challenger, policy) if challenger else baseline
        sample = deal_trial_decks(recommender, policy, opponent, seed, report_progress)
        base_truth = PowerAssumptions(0.0, 0.0, decoys, assumptions.icc, assumptions.drop_out)
        if sample.customers:
            base_truth = replace(base_truth, shared=tuple(float(n) for n in sample.shared_counts))
        truths = [replace(base_truth, precision=t, baseline=r) for r in rival for t in truth]
        study_plan = plan_study(
            policy, policy.alpha_at(_next_attempt(ws)), sample, truths, seed, report_progress
        )
    data = _plan_data(study_plan, assumptions, policy, linked)
    print_output(output_format, data, _plan_text(study_plan, data))


def _next_attempt(workspace: Workspace) -> int:
    return 1 + sum(row.kind is StudyKind.LIVE for row in workspace.store.studies.all())


def _plan_data(
    study_plan: StudyPlan, assumptions: StudyAssumptions, policy: Policy, linked: float | None
) -> dict[str, Any]:
    return {
        "policy": policy.name,
        "alpha": study_plan.alpha,
        "smallest_panel": study_plan.min_players,
        "shop": _shop_data(study_plan.sample, policy),
        "linked": {"share": linked, "reason": LINKED_UNKNOWN if linked is None else None},
        "assumed": {
            "icc": assumptions.icc,
            "drop_out": assumptions.drop_out,
            "source": assumptions.source,
        },
        "scenarios": [_scenario_data(outlook, linked) for outlook in study_plan.scenarios],
    }


def _shop_data(sample: TrialDecks, policy: Policy) -> dict[str, Any]:
    overlap, balance = sample.overlap, sample.covariate_balance
    return {
        "customers": sample.customers,
        "overlap": None if overlap is None else round(overlap, 2),
        "balance": None if balance is None or abs(balance) > 99 else round(balance, 3),
        "balance_bar": policy.balance,
        "can_balance": balance is not None and abs(balance) <= policy.balance,
    }


def _scenario_data(scenario: PowerScenario, linked: float | None) -> dict[str, Any]:
    truth = scenario.assumptions
    people = {"median": scenario.median, "nine_in_ten": scenario.most}
    invited = {  # ceil(n / linked); `linked` is the share of invited people with a linked account
        name: None if n is None or linked is None else -int(-n // linked)
        for name, n in people.items()
    }
    return {
        "truth": truth.precision,
        "rival": truth.baseline,
        "decoys": truth.decoys,
        "released": round(scenario.released, 3),
        "held": round(scenario.held, 3),
        "colleagues": people,
        "invitations": invited,
        "reason": scenario.reason,
    }


def _plan_text(study_plan: StudyPlan, data: dict[str, Any]) -> str:
    decision_columns = ["half decide by", "nine in ten by"]
    header = [*(_PAIRED_HEADER if study_plan.is_paired_comparison else _HEADER), *decision_columns]
    rows = [
        [f"{s['truth']:.0%}", f"{s['rival']:.0%}", f"{s['released']:.0%}", f"{s['held']:.0%}",
         _people_text(s["colleagues"]["median"]), _people_text(s["colleagues"]["nine_in_ten"])]
        for s in data["scenarios"]
    ]  # fmt: skip
    shop, assumptions = data["shop"], data["assumed"]
    overlap = "unknown" if shop["overlap"] is None else f"{shop['overlap']:.1f}"
    balance = "unknown" if shop["balance"] is None else f"{shop['balance']:.2f}"
    linked = data["linked"]["share"]
    lines = [
        f"Fewer than {study_plan.min_players} people can never "
        f"{'say who is ahead' if study_plan.is_paired_comparison else 'release'}, whatever "
        "they say.",
        f"The two lists share {overlap} brands on average ({shop['customers']:,} customers).",
        "The deck holds no decoys."
        if study_plan.is_paired_comparison
        else f"Decoys will be {balance} standard deviations from their picks in popularity; "
        f"{shop['balance_bar']:g} is allowed"
        + ("." if shop["can_balance"] else ": this shop would stay undecided."),
        f"Invited who can be linked: {LINKED_UNKNOWN if linked is None else f'{linked:.0%}'}.",
        f"ICC {assumptions['icc']:.2f}, drop-out {assumptions['drop_out']:.0%} "
        f"({assumptions['source']}).",
    ]
    return "\n".join([*lines, "", text_table(header, rows), *_never_reasons(study_plan)])


_HEADER = ("truth", "rival liked", "released", "held")
_PAIRED_HEADER = ("champion liked", "challenger's own liked", "challenger ahead", "champion ahead")


def _never_reasons(study_plan: StudyPlan) -> list[str]:
    return sorted({f"Never: {o.reason}." for o in study_plan.scenarios if o.reason is not None})


def _people_text(n: int | None) -> str:
    return "over 1,000" if n is None else f"{n:,} people"
