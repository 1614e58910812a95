"""study plan: what a study will take, before anybody is invited."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from app.cli.common import format_option, opened, progress, put, table, workspace_option
from app.cli.study.manage import policy_of
from app.cli.study.results import judged_now
from app.modeling.recommender import load_brain
from app.study.opening import check_pair
from app.study.power import Assumed, Plan, Sample, assumed, plan, trial_decks
from app.workspace.policies import COMPARE, READY
from app.workspace.workspace import BASELINE, House
from recsys.models.baselines import BASELINES
from recsys.study.policy import Policy, StudyKind
from recsys.study.power import Outlook, Truth

SHARE = click.FloatRange(0, 1)
UNKNOWN = "unknown until colleagues have linked their accounts; give it with --linked"


@click.command(name="plan")
@click.option(
    "--truth",
    type=SHARE,
    multiple=True,
    default=(0.80, 0.85, 0.90),
    show_default=True,
    help="Share of picks that are favourites, if the model is that good.",
)
@click.option(
    "--rival",
    type=SHARE,
    multiple=True,
    default=(0.60, 0.75),
    show_default=True,
    help="Share of the rival's own brands that are liked.",
)
@click.option("--decoys", type=SHARE, default=0.35, show_default=True, help="Decoys liked.")
@click.option("--like", help="An earlier study: its ICC and drop-out are taken.")
@click.option("--icc", type=click.FloatRange(0, 0.99), help="Instead of --like or 0.1.")
@click.option("--drop-out", type=click.FloatRange(0, 0.99), help="Instead of --like or 0.05.")
@click.option(
    "--linked",
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of the invited that can be linked to a shop account.",
)
@click.option("--policy", "policy_name", help=f"A file, or one of: {', '.join(READY)}.")
@click.option("--model", help="Model version; without it the candidate, else the newest.")
@click.option("--challenger", help="A second version: how long until one of two is ahead.")
@click.option(
    "--baseline", type=click.Choice(sorted(BASELINES)), default=BASELINE, show_default=True
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@format_option
@workspace_option
def plan_(
    truth: tuple[float, ...], rival: tuple[float, ...], decoys: float, like: str | None,
    icc: float | None, drop_out: float | None, linked: float | None, policy_name: str | None,
    model: str | None, challenger: str | None, baseline: str, seed: int, shape: str,
    workspace: Path | None,
) -> None:  # fmt: skip
    """Say how many colleagues a verdict will take, all criteria simulated together.

    Trial decks are dealt to 1,000 customers of the shop and thrown away: they say how the two
    lists overlap and how far decoys are from their picks in popularity.

    Example: brandswipe study plan --rival 0.7
    """
    with opened(workspace) as house, progress() as tell:
        rule = policy_of(house, policy_name or (COMPARE if challenger else None))
        people = assumed(judged_now(house, like) if like else None, icc, drop_out)
        brain = load_brain(house, model, rule)
        check_pair(rule, brain.version, challenger and house.version(challenger).hash)
        against = load_brain(house, challenger, rule) if challenger else baseline
        sample = trial_decks(brain, rule, against, seed, tell)
        whole = Truth(0.0, 0.0, decoys, people.icc, people.drop_out)
        if sample.customers:
            whole = replace(whole, shared=tuple(float(n) for n in sample.shared))
        truths = [replace(whole, hit_rate=t, rival=r) for r in rival for t in truth]
        found = plan(rule, rule.alpha_at(_attempt(house)), sample, truths, seed, tell)
    data = _data(found, people, rule, linked)
    put(shape, data, _text(found, data))


def _attempt(house: House) -> int:
    return 1 + sum(row.kind is StudyKind.LIVE for row in house.store.studies())


def _data(found: Plan, people: Assumed, rule: Policy, linked: float | None) -> dict[str, Any]:
    return {
        "policy": rule.name,
        "alpha": found.alpha,
        "smallest_panel": found.smallest,
        "shop": _shop(found.sample, rule),
        "linked": {"share": linked, "reason": UNKNOWN if linked is None else None},
        "assumed": {"icc": people.icc, "drop_out": people.drop_out, "source": people.source},
        "scenarios": [_scenario(outlook, linked) for outlook in found.outlooks],
    }


def _shop(sample: Sample, rule: Policy) -> dict[str, Any]:
    overlap, balance = sample.overlap, sample.balance
    return {
        "customers": sample.customers,
        "overlap": None if overlap is None else round(overlap, 2),
        "balance": None if balance is None or abs(balance) > 99 else round(balance, 3),
        "balance_bar": rule.balance,
        "can_balance": balance is not None and abs(balance) <= rule.balance,
    }


def _scenario(found: Outlook, linked: float | None) -> dict[str, Any]:
    truth = found.truth
    people = {"median": found.median, "nine_in_ten": found.most}
    invited = {
        name: None if n is None or linked is None else -int(-n // linked)
        for name, n in people.items()
    }
    return {
        "truth": truth.hit_rate,
        "rival": truth.rival,
        "decoys": truth.decoys,
        "released": round(found.released, 3),
        "held": round(found.held, 3),
        "colleagues": people,
        "invitations": invited,
        "reason": found.reason,
    }


def _text(found: Plan, data: dict[str, Any]) -> str:
    decided = ["half decide by", "nine in ten by"]
    head = [*(_DUEL_HEAD if found.is_duel else _HEAD), *decided]
    rows = [
        [f"{s['truth']:.0%}", f"{s['rival']:.0%}", f"{s['released']:.0%}", f"{s['held']:.0%}",
         _people(s["colleagues"]["median"]), _people(s["colleagues"]["nine_in_ten"])]
        for s in data["scenarios"]
    ]  # fmt: skip
    shop, people = data["shop"], data["assumed"]
    overlap = "unknown" if shop["overlap"] is None else f"{shop['overlap']:.1f}"
    balance = "unknown" if shop["balance"] is None else f"{shop['balance']:.2f}"
    linked = data["linked"]["share"]
    lines = [
        f"Fewer than {found.smallest} people can never "
        f"{'say who is ahead' if found.is_duel else 'release'}, whatever they say.",
        f"The two lists share {overlap} brands on average ({shop['customers']:,} customers).",
        "The deck holds no decoys."
        if found.is_duel
        else f"Decoys will be {balance} standard deviations from their picks in popularity; "
        f"{shop['balance_bar']:g} is allowed"
        + ("." if shop["can_balance"] else ": this shop would stay undecided."),
        f"Invited who can be linked: {UNKNOWN if linked is None else f'{linked:.0%}'}.",
        f"ICC {people['icc']:.2f}, drop-out {people['drop_out']:.0%} ({people['source']}).",
    ]
    return "\n".join([*lines, "", table(head, rows), *_reasons(found)])


_HEAD = ("truth", "rival liked", "released", "held")
_DUEL_HEAD = ("champion liked", "challenger's own liked", "challenger ahead", "champion ahead")


def _reasons(found: Plan) -> list[str]:
    return sorted({f"Never: {o.reason}." for o in found.outlooks if o.reason is not None})


def _people(n: int | None) -> str:
    return "over 1,000" if n is None else f"{n:,} people"
