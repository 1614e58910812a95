"""Background jobs on the workbench: the running job, live, and past jobs."""

import time

import pandas as pd
import streamlit as st

from app.operations.job_eta import remaining_seconds
from app.operations.jobs import Job
from app.storage.study_db.database import now_ms
from app.storage.study_db.jobs import JobState
from app.web import runtime
from app.web.views import layout
from app.web.views.session import current_session
from app.web.views.workbench.formatting import (
    escape_all_markdown,
    format_duration,
    format_time,
    name_text,
    stage_text,
    workbench_text,
)
from recsys.models.hybrid import FitOptions

POLL_SECONDS = 0.5  # seconds between two updates of a running job
MAX_JOBS = 12  # jobs in the table
JOB_STATE_COLORS = {
    JobState.RUNNING: "blue",
    JobState.DONE: "green",
    JobState.FAILED: "red",
    JobState.CANCELLED: "gray",
    JobState.INTERRUPTED: "orange",
}


def show_current_job(language: str) -> None:
    """Show the running job until it ends, else the result of the last job."""
    jobs = runtime.jobs().jobs()
    if not jobs:
        return
    if jobs[0].state is JobState.RUNNING:
        st.fragment(_follow_job, run_every=POLL_SECONDS)(language, jobs[0].id)
    else:
        st.markdown(_ended_text(language, jobs[0]))


def _follow_job(language: str, job_id: str) -> None:
    layout.run_guarded(lambda: _show_running_job(language, job_id), language)


def _show_running_job(language: str, job_id: str) -> None:
    job = runtime.jobs().job(job_id)
    if job.state is not JobState.RUNNING:
        if job.kind == "fit" and job.state is JobState.DONE:
            current_session().new_version = job.message
        st.rerun()
    with st.container(border=True, key="wb_running"):
        st.markdown(f"**{name_text(language, 'job', job.kind)}** · {_elapsed_text(language, job)}")
        percent_done = round(job.fraction * 100)
        st.progress(
            job.fraction, f"{stage_text(language, job.stage).capitalize()}, {percent_done}%"
        )
        st.caption(_progress_notes(language, job))
        if st.button(workbench_text(language, "cancel"), key="wb_cancel"):
            runtime.jobs().cancel(job_id)
            st.rerun()
        show_log(language, job_id)


def _progress_notes(language: str, job: Job) -> str:
    """Return the remaining time, and iteration and loss of ALS."""
    remaining = remaining_seconds(job, now_ms())
    notes = (
        []
        if remaining is None
        else [workbench_text(language, "left", span=format_duration(language, remaining))]
    )
    if "iteration" in job.notes:
        iteration, loss = int(job.notes["iteration"]), f"{job.notes['loss']:.4g}"
        iterations = job.args.get("iterations", FitOptions().iterations)
        notes.append(workbench_text(language, "passes", number=iteration, of=iterations, loss=loss))
    return " · ".join(notes) or workbench_text(language, "left_unknown")


def _elapsed_text(language: str, job: Job) -> str:
    return workbench_text(
        language, "so_far", span=format_duration(language, time.time() - job.started_at / 1000)
    )


def show_log(language: str, job_id: str) -> None:
    """Show the log of a job in a collapsed expander."""
    with st.expander(workbench_text(language, "log")):
        log_text = runtime.jobs().log(job_id)
        st.code(log_text or workbench_text(language, "log_empty"), language=None, wrap_lines=True)


def _ended_text(language: str, job: Job) -> str:
    """Return one line with the result of an ended job."""
    duration = format_duration(language, ((job.ended_at or job.started_at) - job.started_at) / 1000)
    line = workbench_text(
        language, "ended", kind=name_text(language, "job", job.kind), span=duration
    )
    return f"{_state_badge(language, job.state)} {line} {_job_message(language, job)}"


def show_past_jobs(language: str) -> None:
    """Show the newest jobs as a table, newest first, and the log of one of them."""
    jobs = runtime.jobs().jobs()[:MAX_JOBS]
    if not jobs:
        st.write(workbench_text(language, "no_work"))
        return
    rows = [
        {
            workbench_text(language, "column_work"): name_text(language, "job", job.kind),
            workbench_text(language, "column_state"): _state_badge(language, job.state),
            workbench_text(language, "column_start"): format_time(
                language, job.started_at, seconds=True
            ),
            workbench_text(language, "column_end"): format_time(
                language, job.ended_at, seconds=True
            ),
            workbench_text(language, "column_note"): _job_message(language, job),
        }
        for job in jobs
    ]
    st.table(
        pd.DataFrame(rows),
        border="horizontal",
        hide_index=True,
        alt=workbench_text(language, "alt_work"),
    )
    _log_picker(language, {job.id: job for job in jobs})


def _log_picker(language: str, jobs: dict[str, Job]) -> None:
    def title(job_id: str) -> str:
        started = format_time(language, jobs[job_id].started_at, seconds=True)
        return f"{name_text(language, 'job', jobs[job_id].kind)}, {started}"

    chosen = st.selectbox(
        workbench_text(language, "log_of"), list(jobs), format_func=title, key="wb_log_of"
    )
    show_log(language, chosen)


def _state_badge(language: str, state: JobState) -> str:
    return f":{JOB_STATE_COLORS[state]}-badge[{name_text(language, 'state', state.value)}]"


def _job_message(language: str, job: Job) -> str:
    if job.state is JobState.DONE:
        versions = [hash[:8] for hash in job.message.split()]
        return workbench_text(language, f"made_{job.kind}", version=" / ".join(versions))
    if job.state in (JobState.CANCELLED, JobState.INTERRUPTED):
        return workbench_text(language, f"note_{job.state.value}")
    return escape_all_markdown(job.message)
