"""The report's own dress: the verdict, the two studies side by side, the reasons of the bars."""

from dataclasses import asdict

from app.look import HEADING_FONT, TEXT_FONT
from app.palette import DARK, LIGHT

_BOTH = "".join(
    f"--bs-{name.replace('_', '-')}: light-dark({light}, {asdict(DARK)[name]});"
    for name, light in asdict(LIGHT).items()
)
_SIGNS = {  # drawn, so that no font must have them
    "release": "M4 12.5 9.5 18 20 6.5",
    "hold": "M6 6 18 18M18 6 6 18",
    "undecided": "M5 12H5.1M12 12H12.1M19 12H19.1",
}


def _sign(outcome: str, path: str) -> str:
    drawn = (
        "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' "
        "stroke='black' stroke-width='3.4' stroke-linecap='round' stroke-linejoin='round'%3E"
        f"%3Cpath d='{path}'/%3E%3C/svg%3E"
    )
    return (
        f'.bs-{outcome} {{ --bs-tone: var(--bs-{outcome}); --bs-sign: url("data:image/svg+xml,'
        f'{drawn}"); }}'
    )


RULES = f"""
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
{"".join(_sign(outcome, path) for outcome, path in _SIGNS.items())}
.bs-passed {{ --bs-tone: var(--bs-release); }}
.bs-failed {{ --bs-tone: var(--bs-hold); }}
.bs-open {{ --bs-tone: var(--bs-undecided); }}
"""
"""What the page and the mailed file wear alike; each gives the colours."""
_PAGE = f"""
.stApp {{ {_BOTH} }}
.stApp .bs dl {{ padding: 0; }}
.stApp [data-testid="stExpander"] details {{ border: 0; background: none; }}
.stApp [data-testid="stExpander"] summary {{ padding: .1rem 0; min-height: 2rem; width: fit-content;
  color: var(--bs-quiet); background: none; }}
.stApp [data-testid="stExpanderDetails"] {{ padding: .25rem 0 .5rem; overflow-x: auto; }}
"""


def style() -> str:
    """Return the style element of the report."""
    return f"<style>{_PAGE}{RULES}</style>"
