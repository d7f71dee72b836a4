"""Runs with a button: active ones can be cancelled, failed ones tried again."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from forecasting.core.domain import BatchProgress, Principal, RefreshRun, RunState
from forecasting.core.errors import StorecastError
from forecasting.services.composition import Services
from web.shared import formats, run_sentences

MOST_ACTIVE, MOST_FAILED = 4, 3
"""How many active and how many failed runs get a button; the list has the rest."""

REFUSED = "activity_refused"
"""Session key of the reason why the last button did nothing."""

ICONS = {RunState.FAILED: ":material/error:", RunState.CANCELLED: ":material/cancel:"}


def runs_with_buttons(services: Services, user: Principal, runs: list[RefreshRun]) -> None:
    """Draw the runs that can be cancelled or tried again.

    Parameters
    ----------
    runs
        The runs that are listed, newest first.
    """
    if refused := st.session_state.pop(REFUSED, ""):
        st.warning(formats.plain(refused), icon=":material/info:")
    batch = services.runs.batch(user)
    if batch is not None:
        _batch(services, user, batch)
    active = [run for run in runs if run.state.active and (batch is None or run.batch_id != batch.batch_id)]
    for run in active[:MOST_ACTIVE]:
        _active(services, user, run)
    if len(active) > MOST_ACTIVE:
        st.caption(f"… and {formats.number(len(active) - MOST_ACTIVE)} more active in the list below")
    listed = {run.run_id for run in runs}
    for run in services.runs.broken(user, MOST_FAILED):
        if run.run_id in listed:
            _failed(services, user, run)


def _batch(services: Services, user: Principal, batch: BatchProgress) -> None:
    words, button = _row()
    words.progress(batch.done / batch.total, formats.plain(run_sentences.batch_progress(batch)))
    button.button(
        "Cancel all",
        icon=":material/cancel:",
        key=f"cancel-{batch.batch_id}",
        help="Cancels the remaining runs. Published forecasts stay.",
        on_click=_act,
        args=(services.refreshing.cancel_batch, user, batch.batch_id),
        width="stretch",
    )


def _active(services: Services, user: Principal, run: RefreshRun) -> None:
    words, button = _row()
    done = run_sentences.progress(run, services.runs.remaining(run))
    words.progress(run_sentences.share(run), formats.plain(f"{run_sentences.subject(run)} – {done}"))
    button.button(
        "Cancel",
        icon=":material/cancel:",
        key=f"cancel-{run.run_id}",
        help="Cancels this refresh. The present forecast stays.",
        on_click=_act,
        args=(services.refreshing.cancel, user, run.run_id),
        width="stretch",
    )


def _failed(services: Services, user: Principal, run: RefreshRun) -> None:
    words, button = _row()
    words.markdown(
        f"{ICONS[run.state]} {formats.plain(f'{run_sentences.subject(run)} – {run_sentences.why(run)}')}"
    )
    button.button(
        "Try again",
        icon=":material/replay:",
        key=f"retry-{run.run_id}",
        on_click=_act,
        args=(services.refreshing.retry, user, run.run_id),
        width="stretch",
    )


def _row() -> list[DeltaGenerator]:
    return st.columns([6, 1.1], vertical_alignment="center")


def _act(act: Callable[[Principal, str], object], user: Principal, target: str) -> None:
    """Do what a button says. If that is no longer possible, the reason is shown above the runs."""
    try:
        act(user, target)
    except StorecastError as error:
        st.session_state[REFUSED] = str(error)
