"""The product manager's page: what the study says, on whom, and how sure that is."""

from functools import partial

import streamlit as st

from app.modeling.user_coverage import Audience, audience_of
from app.presentation.i18n import text
from app.reports import chart_order, exports, tables, wording
from app.reports.exports import plain
from app.reports.html import blocks
from app.reports.html.style import style
from app.reports.unknown_charts import value_or_unknown
from app.storage.event_store.store import Warehouse
from app.storage.study_db.records import StudyRow
from app.storage.study_db.store import Store
from app.study.demo import is_built
from app.study.results import Judged, close_overdue, judge
from app.web import runtime
from app.web.pages import layout
from app.web.pages.report import sections
from recsys.errors import WorkspaceError
from recsys.study.policy import Policy, StudyKind

PLAYGROUNDS = 5
"""Playgrounds that can be chosen: every visitor may make one."""


def page() -> None:
    """Pick a study, say its verdict, and show everything behind it."""
    language = layout.language()
    st.html(style())
    store = runtime.store()
    rows = to_choose(store.studies(), st.query_params.get("study", ""))
    if not rows:
        st.title(text(language, "report.no_study_title"))
        st.write(text(language, "report.no_study"))
        return
    if not _story(language, store, rows):
        st.title(text(language, "report.title"))
    chosen = _picker(language, rows)
    _whole(language, _judged(store, chosen))
    _history(language, store, rows)


def to_choose(rows: list[StudyRow], asked: str) -> list[StudyRow]:
    """Return the studies in the order of the picker: live, simulated, then a few playgrounds."""
    fun = [row for row in rows if row.kind is StudyKind.PLAYGROUND]
    kept = [row for i, row in enumerate(fun) if i < PLAYGROUNDS or row.name == asked]
    live = [row for row in rows if row.kind is StudyKind.LIVE]
    return [*live, *(row for row in rows if row.kind is StudyKind.SIMULATED), *kept]


def _judged(store: Store, row: StudyRow) -> Judged:
    """Return what a study says; read anew when decks were closed or withdrawn since."""
    close_overdue(store, row)
    closings = store.closings(row.hash)
    withdrawn = sum(closing.deck is None for closing in closings)
    workspace = str(runtime.settings().workspace.resolve())
    state = (workspace, row.hash, row.closed_at, len(closings), withdrawn)
    return _read(store, row, state)


@st.cache_data(max_entries=32, show_spinner=False)
def _read(_store: Store, _row: StudyRow, state: tuple[object, ...]) -> Judged:  # noqa: ARG001
    # `state` is the key: a report is published data and changes with the closings alone
    return judge(_store, _row)


def _story(language: str, store: Store, rows: list[StudyRow]) -> bool:
    """Show the demo's first line: two studies side by side, and why one of them was held."""
    if not is_built(runtime.settings()):
        return False
    finished = [_judged(store, row) for row in rows if row.kind is StudyKind.SIMULATED]
    found = wording.story(finished)
    if found is None:
        return False
    released, held = found
    st.title(wording.headline(language, released, held))
    st.html(blocks.pair(language, released, held))
    st.html(blocks.why(language, released, held))
    st.caption(text(language, "report.simulated"))
    with st.expander(text(language, "report.table")):
        st.table(
            tables.story(language, [released, held]).map(plain),
            border="horizontal",
            hide_index=True,
        )
    st.divider()
    return True


def _picker(language: str, rows: list[StudyRow]) -> StudyRow:
    """Choose a study; the address then names it, so that a link opens the same view."""
    by_name = {row.name: row for row in rows}
    asked = st.query_params.get("study", "")
    name = st.selectbox(
        text(language, "report.study"),
        list(by_name),
        index=list(by_name).index(asked) if asked in by_name else 0,
        format_func=lambda name: _label(language, by_name[name]),
        key="report_study",
    )
    if asked and asked not in by_name:
        st.info(
            text(language, "report.other_study", asked=plain(asked), shown=plain(name)),
            icon=":material/info:",
        )
    st.query_params.from_dict(
        {**st.query_params.to_dict(), "study": name, "lang": language, **_role()}
    )
    return by_name[name]


def _role() -> dict[str, str]:
    """The role of local mode: without it a link would open the employee's page."""
    role = st.session_state.get("role")
    return {"role": str(role)} if role else {}


def _label(language: str, row: StudyRow) -> str:
    return f"{row.name} · {text(language, f'report.kind_{row.kind.value}')}"


def _whole(language: str, judged: Judged) -> None:
    """Show one study from its verdict to its policy; below its limits what may be said."""
    st.html(blocks.verdict(language, judged) + blocks.overrides(language, judged))
    audience = _audience(judged)
    _downloads(language, judged, audience)
    if judged.verdict.criteria:
        sections.criteria(language, judged)
        sections.run(language, judged)
        for row in chart_order.rows(language, judged, audience):
            sections.beside(language, row)
    st.header(text(language, "report.caveats_title"))
    st.html(blocks.caveats(language, judged))
    st.header(text(language, "report.policy_title"))
    st.html(blocks.policy(language, judged))


def _audience(judged: Judged) -> Audience | None:
    """Return for whom the model speaks; None where the shop's events are not here."""
    try:
        warehouse = runtime.warehouse()
    except WorkspaceError:
        return None
    rule = judged.report.policy
    state = (warehouse.version, rule.hash)
    return value_or_unknown("audience", partial(_counted, warehouse, rule, state), None)


@st.cache_data(max_entries=8, show_spinner=False)
def _counted(
    _warehouse: Warehouse,
    _rule: Policy,
    state: tuple[str, str],  # noqa: ARG001 (the key: events and policy as they are)
) -> Audience | None:
    return audience_of(_warehouse, _rule)


def _downloads(language: str, judged: Judged, audience: Audience | None) -> None:
    # Streamlit keeps a download at an address of its own: a published report may stand there, as
    # it holds nothing of a person
    with st.container(horizontal=True):
        for ending, kind in exports.KINDS.items():
            st.download_button(
                text(language, f"report.download_{ending}"),
                exports.written(ending, language, judged, audience),
                exports.file_name(judged, ending),
                kind,
                icon=":material/download:",
                on_click="ignore",
                key=f"download_{ending}",
            )


def _history(language: str, store: Store, rows: list[StudyRow]) -> None:
    """List the studies over model versions, as their decisions stand; nothing is read anew."""
    st.header(text(language, "report.history_title"))
    kept = [row for row in rows if row.kind is not StudyKind.PLAYGROUND]
    decisions = {row.hash: store.decision(row.hash) for row in kept}
    table = tables.history(language, kept, decisions)
    st.table(table.map(plain), border="horizontal", hide_index=True)
    st.caption(text(language, "report.history_said"))
