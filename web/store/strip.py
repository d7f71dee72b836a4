"""The freshness strip and the Refresh button, kept alive in every open session."""

from datetime import date

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from forecasting.core import wording
from forecasting.core.domain import Principal, RefreshRun, RunState, SeriesKey, StoreState
from forecasting.core.errors import StorecastError
from forecasting.planning.queue_rows import LATE_DAYS
from forecasting.services.composition import Services
from forecasting.services.store_overview import Freshness
from web.shared import formats, run_sentences, session
from web.shared.redraws import IDLE_POLL, RUNNING_POLL, pulse_changed

STATES: dict[StoreState, tuple[str, str]] = {
    StoreState.RUNNING: ("blue", "progress_activity"),
    StoreState.FAILED: ("red", "error"),
    StoreState.BEHIND: ("orange", "update"),
    StoreState.STALE: ("orange", "schedule"),
    StoreState.AGEING: ("gray", "schedule"),
    StoreState.FRESH: ("green", "check_circle"),
    StoreState.NONE: ("gray", "hourglass_empty"),
}
"""Colour and icon of each state; the word always stands beside them."""


def live_freshness(
    services: Services,
    user: Principal,
    key: SeriesKey,
    as_of: date,
    first: Freshness,
    places: tuple[DeltaGenerator, DeltaGenerator],
) -> None:
    """Draw the freshness strip and the buttons, and keep both alive.

    They look at the store's state every few seconds. The whole page is drawn again only when a version was
    published or the state changed, in this session or any other.

    Parameters
    ----------
    first
        How the store stands, as the rest of the page has it.
    places
        Of the strip, an `st.empty`, and of the buttons.
    """
    strip, action = places
    pulse_changed(key.store, first.pulse)
    just_seen = [first]

    @st.fragment(run_every=RUNNING_POLL if first.state is StoreState.RUNNING else IDLE_POLL)
    def watch() -> None:
        now = just_seen.pop() if just_seen else services.stores.freshness(user, key.store)
        if pulse_changed(key.store, now.pulse):
            st.rerun()
        _buttons(services, user, key, now, as_of)
        with strip.container():
            freshness_strip(now, session.answer_for(key), as_of)

    with action:
        watch()


def _buttons(services: Services, user: Principal, key: SeriesKey, now: Freshness, as_of: date) -> None:
    running = now.state is StoreState.RUNNING
    with st.container(horizontal=True, horizontal_alignment="right", width="content"):
        if now.header is not None:
            _review_button(services, user, now, as_of)
        st.button(
            "Refreshing …" if running else "Refresh forecast",
            icon=":material/refresh:",
            type="primary",
            key="refresh",
            disabled=running,
            on_click=_press,
            args=(services, user, key),
        )


def _review_button(services: Services, user: Principal, now: Freshness, as_of: date) -> None:
    """Draw the button that says that the store was looked at, or takes that back."""
    said = now.review if now.review and now.review.as_of == as_of else None
    at = formats.clock(said.at.astimezone(formats.zone(st.context.timezone))) if said else ""
    st.button(
        "Reviewed" if said else "Mark reviewed",
        icon=":material/check_circle:" if said else ":material/check:",
        key="review",
        help=f"By {formats.plain(said.by)} at {at}; press to take it back"
        if said
        else "Out of “Needs attention”, until there is a newer forecast or another day",
        on_click=_review,
        args=(services, user, now.store),
        kwargs={"back": said is not None},
    )


def _review(services: Services, user: Principal, store: str, *, back: bool) -> None:
    if back:
        services.reviews.withdraw(user, store)
    else:
        services.reviews.review(user, store)


def _press(services: Services, user: Principal, key: SeriesKey) -> None:
    try:
        answer = services.refreshing.refresh(user, key.store)
    except StorecastError as error:
        session.remember_answer(key, str(error))
        return
    session.remember_answer(key, None if answer.run else answer.message)


def freshness_strip(now: Freshness, answer: str | None, as_of: date) -> None:
    """Draw state, sales date, training, engine; a run's progress or failure; the answer to the last press."""
    colour, icon = STATES[now.state]
    badge, facts = f":{colour}-badge[:material/{icon}: {now.state}]", []
    if now.sales_through:
        facts.append(
            f"Sales through **{formats.day(now.sales_through)}**{_lateness(now.sales_through, as_of)}"
        )
    if now.header and now.age is not None:
        where = formats.zone(st.context.timezone)
        trained = formats.instant(now.header.trained_at, now.header.trained_at + now.age, where)
        facts.append(f"trained **{trained}**, {wording.duration(now.age)} ago")
        facts.append(f"engine **{formats.engine(now.header.asked_engine)}**")
        facts.append(f"version {now.header.version}")
    st.markdown(f"{badge}&ensp;{'&ensp;·&ensp;'.join(facts)}")
    if now.waiting_for_worker:
        st.warning(
            "No refresh worker is running, so this refresh waits; nothing is lost. An operator can start "
            "one by restarting the dashboard.",
            icon=":material/engineering:",
        )
    elif now.run is not None and now.run.state.active:
        _progress(now.run, now)
    elif now.state is StoreState.FAILED and now.run is not None:
        kept = " The forecast below is the last good one." if now.header else ""
        elsewhere = " in AWS Forecast" if now.run.of_group else ""
        words = formats.plain(now.run.error)
        st.error(f"The last refresh{elsewhere} failed: {words}.{kept}", icon=":material/error:")
    elif answer:
        st.caption(f":material/info: {formats.plain(answer)}.")


def _lateness(sales_through: date, as_of: date) -> str:
    missing = (as_of - sales_through).days - 1
    return f" :orange[({formats.days(missing)} without sales)]" if missing >= LATE_DAYS else ""


def _progress(run: RefreshRun, now: Freshness) -> None:
    if run.state is RunState.WAITING and not run.elsewhere:
        kept = " The forecast below is the last good one." if now.header else ""
        st.warning(
            f"{formats.plain(run_sentences.progress(run, now.remaining))}.{kept}", icon=":material/replay:"
        )
        return
    words = run_sentences.progress(run, now.remaining)
    if now.pooling is not None:
        words = f"Learning from all stores first, then this one; requested by {run.requested_by}"
    elif run.state is RunState.QUEUED and now.backlog > 1:
        words = f"{words}; {formats.counted(now.backlog, 'store is', 'stores are')} in line"
    st.progress(run_sentences.share(now.pooling or run), formats.plain(words))
