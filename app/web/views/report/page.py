"""The report page for product managers: verdict, population and uncertainty of a study."""

from functools import partial

import streamlit as st

from app.modeling.user_coverage import UserCoverage, measure_user_coverage
from app.presentation.i18n import translate
from app.reports import chart_order, exports, tables, wording
from app.reports.exports import escape_markdown_line
from app.reports.html import blocks
from app.reports.unknown_charts import value_or_unknown
from app.storage.event_store.store import EventStore
from app.storage.study_db.records import StudyRow
from app.storage.study_db.store import StudyStore
from app.study.demo import is_built
from app.study.results import StudyStatus, study_status
from app.web import runtime
from app.web.views import layout
from app.web.views.report import sections
from app.web.views.session import current_session
from recsys.errors import WorkspaceError
from recsys.study.policy import Policy, StudyKind

MAX_PLAYGROUNDS = 5
"""Maximum number of playgrounds in the picker: every visitor may make one."""


def report_page() -> None:
    """Show the study picker, the verdict of the study, and all details."""
    language = layout.current_language()
    st.html(blocks.report_page_style())
    store = runtime.store()
    rows = studies_to_choose(store.studies.all(), st.query_params.get("study", ""))
    if not rows:
        st.title(translate(language, "report.no_study_title"))
        st.write(translate(language, "report.no_study"))
        return
    if not _show_demo(language, store, rows):
        st.title(translate(language, "report.title"))
    chosen = _study_picker(language, rows)
    _show_study(language, _study_result(store, chosen))
    _show_history(language, store, rows)


def studies_to_choose(rows: list[StudyRow], requested: str) -> list[StudyRow]:
    """Return the studies for the picker: live, simulated, then a few playgrounds."""
    playgrounds = [row for row in rows if row.kind is StudyKind.PLAYGROUND]
    kept_playgrounds = [
        row for i, row in enumerate(playgrounds) if i < MAX_PLAYGROUNDS or row.name == requested
    ]
    live_studies = [row for row in rows if row.kind is StudyKind.LIVE]
    return [
        *live_studies,
        *(row for row in rows if row.kind is StudyKind.SIMULATED),
        *kept_playgrounds,
    ]


def _study_result(store: StudyStore, row: StudyRow) -> StudyStatus:
    """Return the status of a study; cached until decks are closed or withdrawn."""
    closings = store.decks.closings(row.hash)
    withdrawn = sum(closing.deck is None for closing in closings)
    workspace = str(runtime.settings().workspace.resolve())
    overdue = len(store.decks.overdue(row.hash))
    state = (workspace, row.hash, row.closed_at, len(closings), withdrawn, overdue)
    return _cached_result(store, row, state)


@st.cache_data(max_entries=32, show_spinner=False)
def _cached_result(_store: StudyStore, _row: StudyRow, state: tuple[object, ...]) -> StudyStatus:  # noqa: ARG001
    # `state` is the cache key: a published report changes only when decks are closed or withdrawn
    return study_status(_store, _row)


def _show_demo(language: str, store: StudyStore, rows: list[StudyRow]) -> bool:
    """Show the demo: two studies side by side, and why one of them was held."""
    if not is_built(runtime.settings()):
        return False
    results = [_study_result(store, row) for row in rows if row.kind is StudyKind.SIMULATED]
    demo_pair = wording.released_and_held(results)
    if demo_pair is None:
        return False
    released, held = demo_pair
    st.title(wording.demo_headline(language, released, held))
    st.html(blocks.demo_pair_html(language, released, held))
    st.html(blocks.held_reason_html(language, released, held))
    st.caption(translate(language, "report.simulated"))
    with st.expander(translate(language, "report.table")):
        st.table(
            tables.demo_table(language, [released, held]).map(escape_markdown_line),
            border="horizontal",
            hide_index=True,
        )
    st.divider()
    return True


def _study_picker(language: str, rows: list[StudyRow]) -> StudyRow:
    """Let the user choose a study; write it to the URL, so that a link opens the same view."""
    by_name = {row.name: row for row in rows}
    requested = st.query_params.get("study", "")
    name = st.selectbox(
        translate(language, "report.study"),
        list(by_name),
        index=list(by_name).index(requested) if requested in by_name else 0,
        format_func=lambda name: _study_label(language, by_name[name]),
        key="report_study",
    )
    if requested and requested not in by_name:
        st.info(
            translate(
                language,
                "report.other_study",
                asked=escape_markdown_line(requested),
                shown=escape_markdown_line(name),
            ),
            icon=":material/info:",
        )
    st.query_params.from_dict(
        {**st.query_params.to_dict(), "study": name, "lang": language, **_role_parameter()}
    )
    return by_name[name]


def _role_parameter() -> dict[str, str]:
    """Return the role for the URL in local mode: without it, a link opens the employee's page."""
    role = current_session().role
    return {"role": role} if role else {}


def _study_label(language: str, row: StudyRow) -> str:
    return f"{row.name} · {translate(language, f'report.kind_{row.kind.value}')}"


def _show_study(language: str, result: StudyStatus) -> None:
    """Show one study, from verdict to policy; if too small, only what may be published."""
    st.html(blocks.verdict_html(language, result) + blocks.overrides_html(language, result))
    user_coverage = _user_coverage(result)
    _download_buttons(language, result, user_coverage)
    if result.verdict.criteria:
        sections.show_criteria(language, result)
        sections.show_confidence_sequence(language, result)
        for chart_row in chart_order.charts_in_order(language, result, user_coverage):
            sections.show_side_by_side(language, chart_row)
    st.header(translate(language, "report.caveats_title"))
    st.html(blocks.caveats_html(language, result))
    st.header(translate(language, "report.policy_title"))
    st.html(blocks.policy_html(language, result))


def _user_coverage(result: StudyStatus) -> UserCoverage | None:
    """Return the user coverage of the model, or None without an event store."""
    try:
        event_store = runtime.event_store()
    except WorkspaceError:
        return None
    policy = result.report.policy
    state = (event_store.version, policy.hash)
    return value_or_unknown("audience", partial(_cached_coverage, event_store, policy, state), None)


@st.cache_data(max_entries=8, show_spinner=False)
def _cached_coverage(
    _event_store: EventStore,
    _policy: Policy,
    state: tuple[str, str],  # noqa: ARG001 (cache key: version of the events, policy hash)
) -> UserCoverage | None:
    return measure_user_coverage(_event_store, _policy)


def _download_buttons(
    language: str, result: StudyStatus, user_coverage: UserCoverage | None
) -> None:
    # Streamlit serves downloads at a URL that anybody may request. That is safe here: a published
    # report has no personal data.
    with st.container(horizontal=True):
        for extension, mime_type in exports.MIME_TYPES.items():
            st.download_button(
                translate(language, f"report.download_{extension}"),
                exports.render_report(extension, language, result, user_coverage),
                exports.report_file_name(result, extension),
                mime_type,
                icon=":material/download:",
                on_click="ignore",
                key=f"download_{extension}",
            )


def _show_history(language: str, store: StudyStore, rows: list[StudyRow]) -> None:
    """List the studies of all model versions with their stored decisions, without recomputing."""
    st.header(translate(language, "report.history_title"))
    studies = [row for row in rows if row.kind is not StudyKind.PLAYGROUND]
    decisions = {row.hash: store.studies.decision(row.hash) for row in studies}
    table = tables.history_table(language, studies, decisions)
    st.table(table.map(escape_markdown_line), border="horizontal", hide_index=True)
    st.caption(translate(language, "report.history_said"))
