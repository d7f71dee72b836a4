"""The list of refresh runs."""

from collections.abc import Sequence
from urllib.parse import quote

import pandas as pd
import streamlit as st

from forecasting.core.domain import RefreshRun, RunState, Store, Verdict
from web.shared import formats, run_sentences, session

ALL_STORES = session.ALL_STORES

HEIGHT = 620
"""Height of the list of runs in pixels: what fits below the title on a small laptop."""

VERDICTS = {Verdict.RETRAIN: "Trained", Verdict.REFORECAST: "Updated with new data"}
SHARED_MODEL = "Shared model"
"""What a run over all stores makes: the model that all stores share."""


def pick_store_of_runs(stores: Sequence[Store]) -> str | None:
    """Draw the title and the store filter; None means every store."""
    title, choice = st.columns([4, 1], vertical_alignment="bottom")
    title.subheader("Activity", anchor=False)
    chosen = choice.selectbox(
        "Store",
        [ALL_STORES, *(store.store for store in stores)],
        key="activity_store",
        label_visibility="collapsed",
    )
    return None if chosen in (None, ALL_STORES) else chosen


def runs_table(runs: list[RefreshRun]) -> None:
    """Draw refresh runs, newest first. The version links to the forecast the run published."""
    where = formats.zone(st.context.timezone)
    rows = [
        {
            "Requested": run.requested_at.astimezone(where),
            "By": run.requested_by,
            "Store": run_sentences.subject(run),
            "What": SHARED_MODEL if run.is_chain_run else VERDICTS.get(run.verdict, str(run.verdict)),
            "State": _state(run),
            "Took": _took(run),
            "Model": formats.engine(run.engine),
            "Version": _version_link(run),
            "Why": run_sentences.why(run),
        }
        for run in runs
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "Requested": st.column_config.DatetimeColumn(format="D MMM, HH:mm:ss"),
            "Version": st.column_config.LinkColumn(display_text=r"version=(\d+)", width=80),
            "Why": st.column_config.TextColumn(width="large"),
        },
        height=HEIGHT,
        alt="Refresh runs, newest first",
    )


def _state(run: RefreshRun) -> str:
    """A run's state, or while it is running how far it is."""
    if run.state is not RunState.RUNNING or not run.total:
        return run.state.capitalize()
    return f"{run.stage} {formats.number(run.done)}/{formats.number(run.total)}"


def _version_link(run: RefreshRun) -> str:
    if run.version is None:
        return ""
    return f"/store_forecast?{session.STORE}={quote(run.store)}&{session.VERSION}={run.version}"


def _took(run: RefreshRun) -> str:
    if run.started_at is None or run.finished_at is None:
        return ""
    return f"{formats.number((run.finished_at - run.started_at).total_seconds(), 1)} s"
