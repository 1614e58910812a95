"""The dress of the mailed file: the house's tokens and type, paper first, dark on a dark screen."""

from base64 import b64encode
from dataclasses import asdict

from app.look import HEADING_FONT, STATIC, TEXT_FONT
from app.palette import DARK, LIGHT, Tokens
from app.views.report_style import RULES


def standalone_style() -> str:
    """Return the style element, fonts inside."""
    faces = _face(HEADING_FONT, "bricolage-latin") + _face(TEXT_FONT, "inter-latin")
    dark = f"@media screen and (prefers-color-scheme: dark) {{ {_variables(DARK)} }}"
    return f"<style>{faces}{_variables(LIGHT)}{dark}{RULES}{_CSS}</style>"


def _variables(t: Tokens) -> str:
    named = (f"--bs-{name.replace('_', '-')}: {value};" for name, value in asdict(t).items())
    return f":root {{ {''.join(named)} }}"


def _face(family: str, name: str) -> str:
    font = b64encode((STATIC / f"{name}.woff2").read_bytes()).decode("ascii")
    return (
        f"@font-face {{ font-family: '{family}'; font-weight: 200 800; "
        f"src: url(data:font/woff2;base64,{font}) format('woff2'); }}"
    )


_CSS = f"""
:root {{ color-scheme: light dark; }}
* {{ box-sizing: border-box; }}
html {{ -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }}
body {{ margin: 0; background: var(--bs-paper); color: var(--bs-ink);
  font: 16px/1.6 {TEXT_FONT}, system-ui, sans-serif; font-variant-numeric: tabular-nums; }}
main {{ max-width: 54rem; margin: 0 auto; padding: 3rem 1.5rem 4rem; }}
h1, h2, h3 {{ font-family: '{HEADING_FONT}', {TEXT_FONT}, sans-serif; line-height: 1.2;
  text-wrap: balance; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.65rem; font-weight: 700; letter-spacing: -.015em; margin: 3.6rem 0 1.2rem; }}
h3 {{ font-size: 1.15rem; font-weight: 600; margin: 0 0 .8rem; }}
.eyebrow {{ display: flex; flex-wrap: wrap; gap: .2rem 1rem; justify-content: space-between;
  margin: 0 0 1.2rem; color: var(--bs-quiet); overflow-wrap: anywhere; }}
.eyebrow b {{ font: 700 1.05rem/1.5 '{HEADING_FONT}', {TEXT_FONT}, sans-serif;
  color: var(--bs-ink); letter-spacing: -.01em; }}
.bs-verdict h1 {{ margin: 0; font-size: 2.6rem; letter-spacing: -.02em; }}
.tiles {{ display: grid; gap: 1rem; margin: 1.2rem 0 0;
  grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); }}
.tiles > div {{ background: var(--bs-surface); border: 1px solid var(--bs-line);
  border-radius: 20px; padding: 1.1rem 1.3rem; }}
.tiles .bs-big {{ font-size: 2.7rem; margin: .5rem 0 .6rem; }}
.tiles .bs-word {{ font-size: .95rem; }}
.pair {{ display: grid; gap: 2.4rem 2.6rem; margin-top: 3rem;
  grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); }}
figure {{ margin: 0; min-width: 0; }}
figure + .bs-three {{ margin-top: 1.6rem; }}
figure + figure.wide {{ margin-top: 2.2rem; }}
figcaption {{ color: var(--bs-quiet); font-size: .92rem; margin-top: .5rem; text-wrap: pretty;
  overflow-wrap: anywhere; }}
.picture {{ display: block; overflow: visible; font: 14px {TEXT_FONT}, system-ui, sans-serif; }}
.picture .strong {{ font-weight: 600; }}
.picture .small {{ font-size: 12px; }}
.picture .track {{ opacity: .6; }}
.picture .dot {{ stroke: var(--bs-paper); stroke-width: 2; }}
.picture .bar {{ stroke: var(--bs-ink); stroke-width: 3; }}
.picture .dashed {{ stroke-width: 2; stroke-dasharray: 6 4; }}
.picture .moment {{ stroke-width: 2; }}
.picture .grid {{ stroke: var(--bs-line); stroke-width: 1; }}
.picture .band {{ fill: var(--bs-glow); fill-opacity: .2; }}
.picture .curve {{ fill: none; stroke: var(--bs-glow); stroke-width: 3;
  vector-effect: non-scaling-stroke; stroke-linejoin: round; }}
.picture .point {{ fill: var(--bs-glow); }}
details {{ margin-top: .6rem; font-size: .9rem; }}
summary {{ color: var(--bs-quiet); cursor: pointer; width: fit-content; padding: .3rem 0; }}
summary:focus-visible {{ outline: 3px solid var(--bs-glow); outline-offset: 2px; }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; width: 100%; font-size: .9rem; }}
th, td {{ text-align: left; padding: .42rem .9rem .42rem 0; vertical-align: top;
  border-bottom: 1px solid var(--bs-line); overflow-wrap: break-word; }}
td + td, th + th {{ white-space: nowrap; }}
th {{ color: var(--bs-quiet); font-weight: 500; }}
footer {{ margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--bs-line);
  color: var(--bs-quiet); font-size: .85rem; overflow-wrap: anywhere; }}
@media (max-width: 40rem) {{
  main {{ padding: 1.5rem 1.1rem 3rem; }}
  .bs-verdict h1 {{ font-size: 2rem; }}
  h2 {{ font-size: 1.4rem; margin-top: 2.6rem; }}
}}
@page {{ size: A4; margin: 16mm 15mm; }}
@media print {{
  :root {{ --bs-paper: #FFFFFF; }}
  * {{ print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
  :root {{ font-size: 10pt; }}
  body {{ font-size: 1rem; line-height: 1.5; }}
  main {{ max-width: none; padding: 0; }}
  h2 {{ font-size: 15pt; margin: 9mm 0 4mm; }}
  h2, h3, summary {{ break-after: avoid; }}
  figure, .bs-panel, .tiles > div, .bs-three > div, .bs li, .bs dt, .bs dd, tr {{
    break-inside: avoid; }}
  .pair {{ grid-template-columns: 1fr 1fr; gap: 8mm; margin-top: 8mm; break-inside: avoid; }}
  .tiles, .bs-three {{ grid-template-columns: 1fr 1fr 1fr; }}
  .bs-panel {{ box-shadow: none; }}
  .bs dl {{ gap: .8mm 6mm; font-size: 9pt; line-height: 1.35; }}
  footer {{ margin-top: 5mm; padding-top: 2mm; break-before: avoid; }}
  .bs-verdict {{ padding: 6mm 7mm; }}
  .tiles .bs-big {{ font-size: 24pt; }}
  .picture {{ font-size: 12px; }}
  details {{ display: none; }}
}}
"""
