"""Runs with a button of their own: what is under way can be cancelled, what is broken tried again."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from forecasting.core.domain import BatchProgress, Principal, RefreshRun, RunState
from forecasting.core.errors import StorecastError
from forecasting.services.composition import Services
from web.shared import formats, run_sentences

UNDER_WAY, BROKEN = 4, 3
"""How many runs are shown with a button; the list has the rest."""

REFUSED = "activity_refused"
"""Session key: why the last button did nothing."""

ICONS = {RunState.FAILED: ":material/error:", RunState.CANCELLED: ":material/cancel:"}


def decisions(services: Services, user: Principal, runs: list[RefreshRun]) -> None:
    """Draw the runs of the list that somebody may want to decide on.

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
    for run in active[:UNDER_WAY]:
        _under_way(services, user, run)
    if len(active) > UNDER_WAY:
        st.caption(f"… and {formats.number(len(active) - UNDER_WAY)} more under way, in the list below")
    listed = {run.run_id for run in runs}
    for run in services.runs.broken(user, BROKEN):
        if run.run_id in listed:
            _broken(services, user, run)


def _batch(services: Services, user: Principal, batch: BatchProgress) -> None:
    words, button = _row()
    words.progress(batch.done / batch.total, formats.plain(run_sentences.batch_words(batch)))
    button.button(
        "Cancel all",
        icon=":material/cancel:",
        key=f"cancel-{batch.batch_id}",
        help="Ends what is still to be done. Forecasts that were published stay.",
        on_click=_do,
        args=(services.refreshing.cancel_batch, user, batch.batch_id),
        width="stretch",
    )


def _under_way(services: Services, user: Principal, run: RefreshRun) -> None:
    words, button = _row()
    how_far = run_sentences.how_far(run, services.runs.remaining(run))
    words.progress(run_sentences.share(run), formats.plain(f"{run_sentences.subject(run)} – {how_far}"))
    button.button(
        "Cancel",
        icon=":material/cancel:",
        key=f"cancel-{run.run_id}",
        help="Ends this refresh. The forecast that is there stays.",
        on_click=_do,
        args=(services.refreshing.cancel, user, run.run_id),
        width="stretch",
    )


def _broken(services: Services, user: Principal, run: RefreshRun) -> None:
    words, button = _row()
    words.markdown(
        f"{ICONS[run.state]} {formats.plain(f'{run_sentences.subject(run)} – {run_sentences.why(run)}')}"
    )
    button.button(
        "Try again",
        icon=":material/replay:",
        key=f"retry-{run.run_id}",
        on_click=_do,
        args=(services.refreshing.retry, user, run.run_id),
        width="stretch",
    )


def _row() -> list[DeltaGenerator]:
    return st.columns([6, 1.1], vertical_alignment="center")


def _do(act: Callable[[Principal, str], object], user: Principal, what: str) -> None:
    """Do what a button says; what can't be done any more is said above."""
    try:
        act(user, what)
    except StorecastError as error:
        st.session_state[REFUSED] = str(error)
