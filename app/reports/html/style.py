"""The report's own dress: the verdict, the two studies side by side, the reasons of the bars."""

from base64 import b64encode
from dataclasses import asdict

from app.presentation.palette import DARK, LIGHT, ColorTokens
from app.presentation.theme import HEADING_FONT, STATIC_FOLDER, TEXT_FONT


def standalone_style() -> str:
    """Return the style element, fonts inside."""
    faces = _font_face_rule(HEADING_FONT, "bricolage-latin") + _font_face_rule(
        TEXT_FONT, "inter-latin"
    )
    dark = f"@media screen and (prefers-color-scheme: dark) {{ {_css_variables(DARK)} }}"
    return f"<style>{faces}{_css_variables(LIGHT)}{dark}{SHARED_CSS}{_FILE_CSS}</style>"


def _css_variables(colors: ColorTokens) -> str:
    declarations = (
        f"--bs-{name.replace('_', '-')}: {value};" for name, value in asdict(colors).items()
    )
    return f":root {{ {''.join(declarations)} }}"


def _font_face_rule(family: str, name: str) -> str:
    encoded_font = b64encode((STATIC_FOLDER / f"{name}.woff2").read_bytes()).decode("ascii")
    return (
        f"@font-face {{ font-family: '{family}'; font-weight: 200 800; "
        f"src: url(data:font/woff2;base64,{encoded_font}) format('woff2'); }}"
    )


_FILE_CSS = f"""
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


_COLOR_VARIABLES = "".join(
    f"--bs-{name.replace('_', '-')}: light-dark({light}, {asdict(DARK)[name]});"
    for name, light in asdict(LIGHT).items()
)
_OUTCOME_SIGNS = {  # drawn, so that no font must have them
    "release": "M4 12.5 9.5 18 20 6.5",
    "hold": "M6 6 18 18M18 6 6 18",
    "undecided": "M5 12H5.1M12 12H12.1M19 12H19.1",
}


def _sign_rule(outcome: str, path: str) -> str:
    svg = (
        "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' "
        "stroke='black' stroke-width='3.4' stroke-linecap='round' stroke-linejoin='round'%3E"
        f"%3Cpath d='{path}'/%3E%3C/svg%3E"
    )
    return (
        f'.bs-{outcome} {{ --bs-tone: var(--bs-{outcome}); --bs-sign: url("data:image/svg+xml,'
        f'{svg}"); }}'
    )


SHARED_CSS = f"""
.bs {{ font-family: {TEXT_FONT}, system-ui, sans-serif; color: var(--bs-ink); }}
.bs p {{ margin: 0; line-height: 1.55; text-wrap: pretty; }}
.bs h3 {{ font: 600 1.2rem/1.25 '{HEADING_FONT}', {TEXT_FONT}, sans-serif; margin: 0; padding: 0;
  overflow-wrap: anywhere; }}
.bs-word {{ display: inline-flex; align-items: center; gap: .55rem; color: var(--bs-tone);
  font: 700 1.2rem/1.2 '{HEADING_FONT}', {TEXT_FONT}, sans-serif; }}
.bs-word::before {{ content: ""; width: 1.35em; height: 1.35em; border-radius: 50%; flex: none;
  background: var(--bs-tone);
  mask: var(--bs-sign) center / 62% no-repeat, linear-gradient(#000 0 0);
  mask-composite: exclude; }}
.bs-panel {{ background: var(--bs-surface); border: 1px solid var(--bs-line); border-radius: 24px;
  padding: 1.5rem; box-shadow: 0 1px 2px rgb(0 0 0 / .05), 0 14px 34px -22px rgb(30 27 46 / .35); }}
.bs-pair {{ display: grid; grid-template-columns: 1fr 1fr; gap: 1.1rem; }}
.bs-pair .bs-panel {{ display: flex; flex-direction: column; gap: .9rem; }}
.bs-top {{ display: flex; justify-content: space-between; align-items: center; gap: 1rem;
  flex-wrap: wrap; }}
.bs .bs-big {{ font: 700 3.4rem/1 '{HEADING_FONT}', {TEXT_FONT}, sans-serif;
  letter-spacing: -.03em; }}
.bs .bs-big small {{ display: block; font: 500 .92rem/1.4 {TEXT_FONT}, sans-serif;
  letter-spacing: 0; color: var(--bs-quiet); margin-top: .35rem; }}
.bs-arm {{ display: grid; gap: .3rem; }}
.bs-arm > p {{ display: flex; justify-content: space-between; gap: 1rem; font-size: .95rem; }}
.bs-arm b {{ font-weight: 600; }}
.bs-track {{ position: relative; height: 18px; border-radius: 9px; overflow: hidden;
  background: color-mix(in srgb, var(--bs-line) 65%, transparent); }}
.bs-track i {{ position: absolute; top: 0; bottom: 0; border-radius: 9px; }}
.bs-track .bs-gap {{ border-radius: 0; opacity: .8; background: repeating-linear-gradient(115deg,
  color-mix(in srgb, var(--bs-tone) 60%, transparent) 0 2px, transparent 2px 8px); }}
.bs-foot {{ margin-top: auto; padding-top: .9rem; border-top: 1px solid var(--bs-line);
  font-size: .95rem; color: var(--bs-quiet); }}
.bs-verdict {{ display: grid; gap: .9rem; padding: 1.8rem 2rem;
  border-left: 8px solid var(--bs-tone); }}
.bs-verdict .bs-word {{ font-size: 2rem; letter-spacing: -.015em; }}
.bs-override {{ margin-top: 1.1rem; border-left: 8px solid var(--bs-violet); }}
.bs-override p {{ margin-top: .6rem; overflow-wrap: anywhere; }}
.bs-said {{ font-size: 1.12rem; }}
.bs-change b {{ font-weight: 600; }}
.bs-change {{ color: var(--bs-quiet); }}
.bs-change b {{ color: var(--bs-ink); }}
.bs-facts {{ display: flex; flex-wrap: wrap; gap: .5rem; }}
.bs-facts span {{ border: 1px solid var(--bs-line); border-radius: 999px; padding: .2rem .75rem;
  font-size: .85rem; color: var(--bs-quiet); background: var(--bs-paper);
  overflow-wrap: anywhere; }}
.bs-facts .bs-strong {{ color: var(--bs-violet); border-color: currentColor; }}
.bs-three {{ display: grid; gap: 1.1rem;
  grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); }}
.bs-three > div {{ border-top: 3px solid var(--bs-tone, var(--bs-line)); padding-top: .8rem; }}
.bs-three .bs-word {{ font-size: 1rem; margin: .2rem 0 .5rem; }}
.bs-three p + p {{ margin-top: .5rem; }}
.bs-quiet {{ color: var(--bs-quiet); font-size: .92rem; }}
.bs ul {{ margin: 0; padding: 0; list-style: none; display: grid; gap: .9rem;
  grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); }}
.bs li {{ padding-left: 1rem; border-left: 3px solid var(--bs-line); line-height: 1.55; }}
.bs li b {{ display: block; font-weight: 600; }}
.bs dl {{ display: grid; gap: .45rem 1.5rem; margin: 0;
  grid-template-columns: minmax(9rem, 18rem) 1fr; }}
.bs dt {{ color: var(--bs-quiet); }}
.bs dd {{ margin: 0; overflow-wrap: anywhere; }}
.bs code {{ font: .82rem/1.5 ui-monospace, monospace; color: var(--bs-quiet); background: none;
  padding: 0; }}
@media (max-width: 40rem) {{
  .bs-pair {{ grid-template-columns: 1fr; }}
  .bs-panel, .bs-verdict {{ padding: 1.2rem; }}
  .bs .bs-big {{ font-size: 2.8rem; }}
  .bs dl {{ grid-template-columns: 1fr; gap: .1rem; }}
  .bs dd {{ margin-bottom: .6rem; }}
}}
{"".join(_sign_rule(outcome, path) for outcome, path in _OUTCOME_SIGNS.items())}
.bs-passed {{ --bs-tone: var(--bs-release); }}
.bs-failed {{ --bs-tone: var(--bs-hold); }}
.bs-open {{ --bs-tone: var(--bs-undecided); }}
"""
"""What the page and the mailed file wear alike; each gives the colours."""
_REPORT_PAGE_CSS = f"""
.stApp {{ {_COLOR_VARIABLES} }}
.stApp .bs dl {{ padding: 0; }}
.stApp [data-testid="stExpander"] details {{ border: 0; background: none; }}
.stApp [data-testid="stExpander"] summary {{ padding: .1rem 0; min-height: 2rem; width: fit-content;
  color: var(--bs-quiet); background: none; }}
.stApp [data-testid="stExpanderDetails"] {{ padding: .25rem 0 .5rem; overflow-x: auto; }}
"""


def report_page_style() -> str:
    """Return the style element of the report."""
    return f"<style>{_REPORT_PAGE_CSS}{SHARED_CSS}</style>"
