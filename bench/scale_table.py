"""The table of bench/README.md and the picture of growing cost, from results/scale_*.json."""

import json
from collections.abc import Sequence
from math import log10
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- scale: drawn by bench/scale.py -->", "<!-- scale: end -->"
README = Path(__file__).with_name("README.md")
COST = ("generate", "ingest", "aggregate", "fit", "carousels")
COLOURS = ("#7a8ca5", "#d97b29", "#3c8f6b", "#a34a76", "#3f66b0")
WIDE, HIGH, EDGE = 560, 300, 46


def draw(results: Path, sizes: Sequence[str]) -> None:
    """Draw both anew from what was measured so far."""
    found = {size: results / f"scale_{size}.json" for size in sizes}
    said = {s: json.loads(f.read_text(encoding="utf-8")) for s, f in found.items() if f.exists()}
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    tables = "\n\n".join(_table(size, one) for size, one in said.items())
    README.write_text(f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}", encoding="utf-8")
    (results / "scale.svg").write_text(_picture(list(said.values())), encoding="utf-8")


def _table(size: str, said: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in said["versions"].items())
    machine = said["machine"]
    head = (
        f"**{size}**, {said['customers']:,} customers, {said['date']}, {machine['cpus']} "
        f"processors, {machine['memory_gib']:g} GiB, {versions}:"
    )
    rows = [
        f"| {name} | {one['seconds']:,} | {one['cpu_seconds']:,} | {one['peak_mib']:,} "
        f"| {one['load_before']:g} | {_said(name, one)} |"
        for name, one in said["stages"].items()
    ]
    titles = "| stage | s | processor s | peak MiB | load before | |\n|---|--:|--:|--:|--:|---|"
    return "\n".join([head, "", titles, *rows])


def _said(stage: str, one: dict[str, Any]) -> str:
    """What matters of a stage, in a few words."""
    if stage == "generate":
        return f"{one['events']:,} events of {one['brands']:,} brands, {_gb(one)} GB of Parquet"
    if stage == "ingest":
        return f"{one['events']:,} events, a store of {_gb(one)} GB"
    if stage == "aggregate":
        return f"{one['pairs']:,} pairs of a customer and a brand"
    if stage in ("fit", "fit_everybody"):
        return f"on {one['customers']:,} customers, {one['refit_seconds']:g} s"
    if stage == "evaluate":
        return f"{one['asked']:,} customers asked"
    if stage == "people":
        warm, cold = one["warm"], one["cold"]
        return (
            f"warm p50 {warm['p50_ms']} ms, p99 {warm['p99_ms']}; cold p95 {cold['p95_ms']}; "
            f"20 at once p99 {one['twenty_at_once']['p99_ms']}; 32 threads p99 "
            f"{one['threads_32']['p99_ms']}; busiest p50 {one['busiest']['p50_ms']}"
        )
    return (
        f"{one['written_customers_a_second']:,} customers a second to Parquet; ranking alone, a "
        f"processor second: {one['ours_a_cpu_second']:,}, implicit {one['implicit_a_cpu_second']:,}"
    )


def _gb(one: dict[str, Any]) -> str:
    return f"{one['bytes'] / 1e9:.2f}"


def _picture(said: Sequence[dict[str, Any]]) -> str:
    """Processor seconds of each stage by customers, both on logarithmic scales; dashes: linear."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDE}" height="{HIGH}" fill="#fff"/>',
        *_axes(),
    ]
    for place, (stage, colour) in enumerate(zip(COST, COLOURS, strict=True)):
        measured = [
            (one["customers"], one["stages"][stage]["cpu_seconds"])
            for one in said
            if stage in one["stages"]
        ]
        parts += _line(measured, colour)
        y = 24 + 16 * place
        parts.append(f'<text x="{EDGE + 10}" y="{y}" fill="{colour}">{stage}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _axes() -> list[str]:
    marks = [
        f'<text x="{_x(n):.0f}" y="{HIGH - 14}" text-anchor="middle">{n:,}</text>'
        for n in (20_000, 100_000, 1_000_000, 6_000_000)
    ]
    marks += [
        f'<text x="{EDGE - 6}" y="{_y(s):.0f}" text-anchor="end">{s:,} s</text>'
        for s in (1, 10, 100, 1_000)
    ]
    slope = (
        f'<line x1="{_x(20_000):.0f}" y1="{_y(1):.0f}" x2="{_x(6_000_000):.0f}" '
        f'y2="{_y(300):.0f}" stroke="#bbb" stroke-dasharray="4 4"/>'
    )
    return [*marks, slope]


def _line(points: Sequence[tuple[int, float]], colour: str) -> list[str]:
    path = " ".join(f"{_x(n):.0f},{_y(s):.0f}" for n, s in points)
    dots = [f'<circle cx="{_x(n):.0f}" cy="{_y(s):.0f}" r="3" fill="{colour}"/>' for n, s in points]
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>', *dots]


def _x(customers: float) -> float:
    return EDGE + (log10(customers) - 4.2) / (6.9 - 4.2) * (WIDE - EDGE - 10)


def _y(seconds: float) -> float:
    return HIGH - 30 - (log10(max(seconds, 1)) / 3.5) * (HIGH - 50)
