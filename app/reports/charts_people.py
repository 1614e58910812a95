"""The pictures on whom a report speaks for: decks, brands, categories, time."""

from collections.abc import Iterator, Sequence
from functools import partial

from app.modeling.user_coverage import Audience
from app.presentation.i18n import percent, shown, text
from app.reports import tables
from app.reports.charts import Figure, Lane, Part, said_of_cards
from app.reports.unknown_charts import value_or_unknown
from app.reports.wording import estimate_with_bounds, said_of, whole
from app.study.results import Judged
from recsys.report.evaluate import Report
from recsys.report.representativeness import ListRow, furthest
from recsys.report.tables import SegmentRow, ShareRow
from recsys.stats import Estimate

TOP = 6
"""Values in a picture; the table behind it holds all."""


def listed(language: str, judged: Judged) -> list[Sequence[Figure]]:
    """Return a picture for each column of the list, two beside each other."""
    found = [_known(language, judged, *column) for column in judged.listed.items()]
    return [found[n : n + 2] for n in range(0, len(found), 2)]


def _known(language: str, judged: Judged, name: str, rows: Sequence[ListRow]) -> Figure:
    unknown = Figure(tables.title(language, name), text(language, "report.not_computed"))
    return value_or_unknown(
        "picture, listed", partial(_column, language, judged, name, rows), unknown
    )


def _column(language: str, judged: Judged, name: str, rows: Sequence[ListRow]) -> Figure:
    cell = judged.report.policy.cell
    lanes = [lane for row in _drawn(rows) for lane in _attribute_lanes(language, row)]
    sentence = said(language, rows, cell)
    return Figure(tables.title(language, name), sentence, lanes, tables.listed(language, rows))


def _drawn(rows: Sequence[ListRow]) -> Sequence[ListRow]:
    """The values with most invited, and the one that the sentence names."""
    named = furthest(rows)
    return [row for n, row in enumerate(rows) if n < TOP or row is named]


def said(language: str, rows: Sequence[ListRow], cell: int) -> str:
    """Say where players differ most from the invited."""
    if not rows:
        return text(language, "report.not_computed")
    row = furthest(rows)
    if row is None or row.players is None:
        return text(language, "report.listed_few", n=cell)
    dash = text(language, "report.listed_dash", n=cell)
    hidden = any(each.players is None for each in rows)
    return f"{_differs(language, row, row.players)} {dash if hidden else ''}".strip()


def _differs(language: str, row: ListRow, players: float) -> str:
    if not row.apart:
        return text(language, "report.listed_alike")
    return text(
        language,
        "report.listed_said",
        value=tables.value(language, row),
        players=percent(language, players),
        invited=percent(language, row.invited),
    )


def _attribute_lanes(language: str, row: ListRow) -> Iterator[Lane]:
    for who, share in (("invited", row.invited), ("players", row.players)):
        end = 0 if share is None else whole("share", share)
        yield Lane(
            text(language, f"report.listed_{who}", value=tables.value(language, row)),
            tables.share(language, share),
            (Part(0, end, "slate" if who == "invited" else "glow"),),
        )


def funnel(language: str, judged: Judged) -> Figure:
    """How many decks came how far."""
    counts = tables.funnel_counts(judged)
    top = max(*counts.values(), 1)
    lanes = [
        Lane(
            text(language, f"report.funnel_{step}"),
            tables.so_many(language, step, count),
            (Part(0, round(100 * count / top), "glow", pale=step != "counted"),),
        )
        for step, count in counts.items()
    ]
    title = text(language, "report.funnel_title")
    return Figure(title, _funnel_said(language, judged), lanes, tables.funnel(language, judged))


def _funnel_said(language: str, judged: Judged) -> str:
    return " ".join(filter(None, (_counted(language, judged), forgotten(language, judged.report))))


def forgotten(language: str, report: Report) -> str:
    """Say of how many people the tables still tell, once somebody is forgotten; else nothing."""
    counted, read = report.players.counted, report.cards.people if report.cards else 0
    if counted < report.policy.cell or read == counted or report.lacks("cards"):
        return ""
    return text(language, "report.funnel_forgotten", counted=counted, read=read)


def _counted(language: str, judged: Judged) -> str:
    players = judged.report.players
    if players.completion is None:
        return text(language, "report.funnel_unknown", counted=players.counted)
    return text(
        language,
        "report.funnel_said",
        counted=players.counted,
        dealt=players.dealt,
        completion=percent(language, players.completion),
        bar=percent(language, judged.report.policy.completion),
    )


def audience(language: str, found: Audience | None) -> Figure:
    """Of how many customers enough is known to guess from."""
    title = text(language, "report.audience_title")
    if found is None:
        return Figure(title, text(language, "report.audience_unknown"))
    lanes = [
        Lane(
            tables.band_name(language, band),
            percent(language, band.share),
            (Part(0, whole("share", band.share), "glow", pale=band.least < found.least),),
        )
        for band in found.bands
    ]
    sentence = text(
        language,
        "report.audience_said",
        share=percent(language, found.enough),
        least=found.least,
        customers=found.customers,
    )
    return Figure(title, sentence, lanes, tables.audience(language, found))


def left_out(language: str, judged: Judged) -> Figure:
    """Why closed decks do not count, and how answers of one person hang together."""
    report, title = judged.report, text(language, "report.left_out_title")
    alike = _alike(language, judged)
    if all(found == 0 for found in report.excluded.values()):
        return Figure(title, f"{text(language, 'report.left_out_none')} {alike}".strip())
    return Figure(title, alike, table=tables.left_out(language, report))


def _alike(language: str, judged: Judged) -> str:
    cards = judged.report.cards
    if cards is None:
        return ""
    return text(
        language,
        "report.unclean_said",
        icc=shown(language, round(max(cards.icc, 0.0), 2)),
        effect=shown(language, round(max(cards.design_effect, 1.0), 1)),
    )


def loved(language: str, judged: Judged) -> Figure:
    """The best liked of the brands that enough people saw."""
    rows, _ = tables.loved_and_refused(judged.report.brands)
    return _brands(language, "loved", rows, "glow", judged.report.policy.cell)


def refused(language: str, judged: Judged) -> Figure:
    """The least liked of them."""
    _, rows = tables.loved_and_refused(judged.report.brands)
    return _brands(language, "refused", rows, "slate", judged.report.policy.cell)


def _brands(language: str, name: str, rows: Sequence[ShareRow], colour: str, cell: int) -> Figure:
    title = text(language, f"report.{name}_title")
    if not rows:
        return Figure(title, text(language, "report.brands_few", n=cell))
    share = percent(language, rows[0].liked)
    sentence = text(language, "report.brands_said", brand=rows[0].label, share=share, n=cell)
    return Figure(
        title,
        sentence,
        _share_lanes(language, rows, colour),
        tables.shares(language, rows, "brand"),
    )


def _share_lanes(language: str, rows: Sequence[ShareRow], colour: str) -> list[Lane]:
    return [
        said_of_cards(
            f"{row.label} · {text(language, 'report.fact_people', n=row.people)}",
            row,
            colour,
            language,
        )
        for row in rows
    ]


def categories(language: str, judged: Judged) -> Figure:
    """How the picks of each category were liked, the best first."""
    title = text(language, "report.category_title")
    rows = sorted(judged.report.categories, key=lambda row: (-row.liked, row.label))
    if not rows:
        words = text(language, "report.category_few", n=judged.report.policy.cell)
        return Figure(title, words)
    table = tables.shares(language, rows, "category")
    lanes = _share_lanes(language, _ends(rows), "glow")
    return Figure(title, _best_and_worst(language, rows), lanes, table)


def segment(language: str, judged: Judged, name: str, rows: Sequence[SegmentRow]) -> Figure:
    """How each part of the people liked its picks, and how long they looked."""
    title, report = text(language, f"report.{name}_title"), judged.report
    if not rows:
        return Figure(title, text(language, "report.segment_few", n=report.policy.cell))
    lanes = [said_of_cards(_part(language, name, row), row, "glow", language) for row in rows]
    sentence = text(language, "report.not_computed")
    if report.seconds is not None:
        sentence = text(language, "report.segment_said", seconds=round(report.seconds, 1))
    return Figure(title, sentence, lanes, tables.segment(language, name, rows))


def _part(language: str, name: str, row: SegmentRow) -> str:
    return text(
        language,
        "report.segment_lane",
        name=text(language, f"report.{name}_{row.label}"),
        n=row.people,
        seconds=round(row.seconds, 1),
    )


def _ends(rows: Sequence[ShareRow]) -> list[ShareRow]:
    """Return the best and the worst of many rows, so that both that are named are drawn."""
    if len(rows) <= tables.TOP:
        return list(rows)
    half = tables.TOP // 2
    return [*rows[:half], *rows[-half:]]


def _best_and_worst(language: str, rows: Sequence[ShareRow]) -> str:
    best, worst = rows[0], rows[-1]
    if len(rows) == 1:
        share = percent(language, best.liked)
        return text(language, "report.category_alone", name=best.label, share=share)
    return text(
        language,
        "report.category_said",
        best=best.label,
        best_share=percent(language, best.liked),
        worst=worst.label,
        worst_share=percent(language, worst.liked),
    )


def halves(language: str, judged: Judged) -> Figure:
    """The early half against the late one, and what one look alone would have said."""
    title = text(language, "report.halves_title")
    known = tables.known_halves(judged.report)
    if [who for who, _ in known[:2]] != ["early", "late"]:
        return Figure(title, text(language, "report.halves_few"))
    name, rule = tables.halved(judged.report), judged.report.policy
    bar = next((c.bar for c in rule.criteria if c.name == name), None)
    lanes = [_half(language, name, who, each.published(), bar) for who, each in known]
    said = [said_of(language, rule, "halves_said")]
    if any(who == "once" for who, _ in known):
        said.append(text(language, "report.halves_once_said"))
    return Figure(title, " ".join(said), lanes, tables.halves(language, judged.report))


def _half(language: str, name: str, who: str, found: Estimate, bar: float | None) -> Lane:
    tint = "quiet" if who in ("once", "careless") else "glow"
    low, high = whole("share", found.low or 0.0), whole("share", found.high or 0.0)
    return Lane(
        text(language, f"report.halves_{who}"),
        estimate_with_bounds(language, found, name),
        (Part(low, high, tint, pale=True),),
        (Part(whole("share", found.value or 0.0), 0, tint),),
        None if bar is None else whole("share", bar),
        "" if bar is None else text(language, "report.bar_at", bar=percent(language, bar)),
    )
