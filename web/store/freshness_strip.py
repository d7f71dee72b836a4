"""The freshness strip of a store's page: state, newest sales, training, engine; progress of its refresh."""

from datetime import date

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from forecasting.core import wording
from forecasting.core.domain import Principal, RefreshRun, RunState, SeriesKey, StoreState
from forecasting.planning.queue_rows import LATE_DAYS
from forecasting.services.composition import Services
from forecasting.services.store_overview import Freshness
from web.shared import formats, run_sentences, session
from web.shared.redraws import IDLE_POLL, RUNNING_POLL, pulse_changed
from web.store.store_actions import action_buttons

STATE_STYLES: dict[StoreState, tuple[str, str]] = {
    StoreState.RUNNING: ("blue", "progress_activity"),
    StoreState.FAILED: ("red", "error"),
    StoreState.BEHIND: ("orange", "update"),
    StoreState.STALE: ("orange", "schedule"),
    StoreState.AGEING: ("gray", "schedule"),
    StoreState.FRESH: ("green", "check_circle"),
    StoreState.NONE: ("gray", "hourglass_empty"),
}
"""Colour and Material icon of each state; the word always stands beside them."""

LAST_GOOD = " The forecast below is the last good one."


def live_strip(
    services: Services,
    user: Principal,
    series: SeriesKey,
    as_of: date,
    first: Freshness,
    places: tuple[DeltaGenerator, DeltaGenerator],
) -> None:
    """Draw the freshness strip and the buttons, and keep both up to date.

    A fragment polls the store's state every few seconds. The whole page is drawn again only when a version
    was published or the state changed, in this session or any other.

    Parameters
    ----------
    first
        The store's state as the rest of the page shows it.
    places
        Where the strip (an `st.empty`) and the buttons are drawn.
    """
    strip, actions = places
    pulse_changed(series.store, first.pulse)
    unread = [first]

    @st.fragment(run_every=RUNNING_POLL if first.state is StoreState.RUNNING else IDLE_POLL)
    def poll() -> None:
        now = unread.pop() if unread else services.stores.freshness(user, series.store)
        if pulse_changed(series.store, now.pulse):
            st.rerun()
        action_buttons(services, user, series, now, as_of)
        with strip.container():
            _strip(now, session.answer_for(series), as_of)

    with actions:
        poll()


def _strip(now: Freshness, answer: str | None, as_of: date) -> None:
    colour, icon = STATE_STYLES[now.state]
    badge = f":{colour}-badge[:material/{icon}: {now.state}]"
    st.markdown(f"{badge}&ensp;{'&ensp;·&ensp;'.join(_facts(now, as_of))}")
    if now.waiting_for_worker:
        st.warning(
            "No refresh worker is running, so this refresh waits. Nothing is lost. An operator can start a "
            "worker by restarting the dashboard.",
            icon=":material/engineering:",
        )
    elif now.run is not None and now.run.state.active:
        _progress(now.run, now)
    elif now.state is StoreState.FAILED and now.run is not None:
        kept = LAST_GOOD if now.header else ""
        where = " in AWS Forecast" if now.run.is_group_run else ""
        error = formats.plain(now.run.error)
        st.error(f"The last refresh{where} failed: {error}.{kept}", icon=":material/error:")
    elif answer:
        st.caption(f":material/info: {formats.plain(answer)}.")


def _facts(now: Freshness, as_of: date) -> list[str]:
    """Newest sales, age, engine and version, in Markdown."""
    facts = []
    if now.sales_through:
        facts.append(
            f"Sales through **{formats.day(now.sales_through)}**{_missing(now.sales_through, as_of)}"
        )
    if now.header and now.age is not None:
        zone = formats.zone(st.context.timezone)
        trained = formats.instant(now.header.trained_at, now.header.trained_at + now.age, zone)
        facts += [
            f"trained **{trained}**, {wording.duration(now.age)} ago",
            f"engine **{formats.engine(now.header.asked_engine)}**",
            f"version {now.header.version}",
        ]
    return facts


def _missing(sales_through: date, as_of: date) -> str:
    missing = (as_of - sales_through).days - 1
    return f" :orange[({formats.days(missing)} without sales)]" if missing >= LATE_DAYS else ""


def _progress(run: RefreshRun, now: Freshness) -> None:
    """Draw the progress of a run, or say when it tries again."""
    words = run_sentences.progress(run, now.remaining)
    if run.state is RunState.WAITING and not run.waits_elsewhere:
        kept = LAST_GOOD if now.header else ""
        st.warning(f"{formats.plain(words)}.{kept}", icon=":material/replay:")
        return
    if now.pooling is not None:
        words = f"Learning from all stores first, then this one; requested by {run.requested_by}"
    elif run.state is RunState.QUEUED and now.backlog > 1:
        words = f"{words}; {formats.counted(now.backlog, 'store is', 'stores are')} queued"
    st.progress(run_sentences.share(now.pooling or run), formats.plain(words))
