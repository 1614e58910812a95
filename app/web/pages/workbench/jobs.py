"""Long work on the page: what runs now, live, and what has ended."""

import time

import pandas as pd
import streamlit as st

from app.operations.job_eta import seconds_left
from app.operations.jobs import Job
from app.storage.study_db.database import now_ms
from app.storage.study_db.jobs import State
from app.web import runtime
from app.web.pages import layout
from app.web.pages.workbench.formatting import named, plain, say, span, stage, when
from recsys.models.hybrid import FitOptions

POLL = 0.5  # seconds between two looks at running work
SHOWN = 12  # ended jobs in the table
COLOUR = {
    State.RUNNING: "blue",
    State.DONE: "green",
    State.FAILED: "red",
    State.CANCELLED: "gray",
    State.INTERRUPTED: "orange",
}
NEW = "workbench_new"  # the version that a fit of this visit made, to be chosen next


def current(language: str) -> None:
    """What runs now, followed until it ends; else how the last one ended."""
    jobs = runtime.jobs().jobs()
    if not jobs:
        return
    if jobs[0].state is State.RUNNING:
        st.fragment(_followed, run_every=POLL)(language, jobs[0].id)
    else:
        st.markdown(_ended(language, jobs[0]))


def _followed(language: str, id: str) -> None:
    layout.guarded(lambda: _live(language, id), language)


def _live(language: str, id: str) -> None:
    job = runtime.jobs().job(id)
    if job.state is not State.RUNNING:
        if job.kind == "fit" and job.state is State.DONE:
            st.session_state[NEW] = job.message
        st.rerun()
    with st.container(border=True, key="wb_running"):
        st.markdown(f"**{named(language, 'job', job.kind)}** · {_so_far(language, job)}")
        share = round(job.fraction * 100)
        st.progress(job.fraction, f"{stage(language, job.stage).capitalize()}, {share}%")
        st.caption(_notes(language, job))
        if st.button(say(language, "cancel"), key="wb_cancel"):
            runtime.jobs().cancel(id)
            st.rerun()
        log(language, id)


def _notes(language: str, job: Job) -> str:
    """How long it will still take, and what the passes of ALS say."""
    left = seconds_left(job, now_ms())
    said = [] if left is None else [say(language, "left", span=span(language, left))]
    if "iteration" in job.notes:
        n, loss = int(job.notes["iteration"]), f"{job.notes['loss']:.4g}"
        of = job.args.get("iterations", FitOptions().iterations)
        said.append(say(language, "passes", number=n, of=of, loss=loss))
    return " · ".join(said) or say(language, "left_unknown")


def _so_far(language: str, job: Job) -> str:
    return say(language, "so_far", span=span(language, time.time() - job.started_at / 1000))


def log(language: str, id: str) -> None:
    """What a job wrote, folded away."""
    with st.expander(say(language, "log")):
        written = runtime.jobs().log(id)
        st.code(written or say(language, "log_empty"), language=None, wrap_lines=True)


def _ended(language: str, job: Job) -> str:
    """How work ended, in a line."""
    spent = span(language, ((job.ended_at or job.started_at) - job.started_at) / 1000)
    line = say(language, "ended", kind=named(language, "job", job.kind), span=spent)
    return f"{_badge(language, job.state)} {line} {_message(language, job)}"


def past(language: str) -> None:
    """All work as rows, the newest first, and the log of one of them."""
    jobs = runtime.jobs().jobs()[:SHOWN]
    if not jobs:
        st.write(say(language, "no_work"))
        return
    rows = [
        {
            say(language, "column_work"): named(language, "job", job.kind),
            say(language, "column_state"): _badge(language, job.state),
            say(language, "column_start"): when(language, job.started_at, seconds=True),
            say(language, "column_end"): when(language, job.ended_at, seconds=True),
            say(language, "column_note"): _message(language, job),
        }
        for job in jobs
    ]
    st.table(
        pd.DataFrame(rows), border="horizontal", hide_index=True, alt=say(language, "alt_work")
    )
    _one_log(language, {job.id: job for job in jobs})


def _one_log(language: str, jobs: dict[str, Job]) -> None:
    def title(id: str) -> str:
        begun = when(language, jobs[id].started_at, seconds=True)
        return f"{named(language, 'job', jobs[id].kind)}, {begun}"

    chosen = st.selectbox(say(language, "log_of"), list(jobs), format_func=title, key="wb_log_of")
    log(language, chosen)


def _badge(language: str, state: State) -> str:
    return f":{COLOUR[state]}-badge[{named(language, 'state', state.value)}]"


def _message(language: str, job: Job) -> str:
    if job.state is State.DONE:
        versions = [hash[:8] for hash in job.message.split()]
        return say(language, f"made_{job.kind}", version=" / ".join(versions))
    if job.state in (State.CANCELLED, State.INTERRUPTED):
        return say(language, f"note_{job.state.value}")
    return plain(job.message)
