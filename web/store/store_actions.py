"""The buttons of a store's page: Refresh forecast, Mark reviewed."""

from datetime import date

import streamlit as st

from forecasting.core.domain import Principal, SeriesKey, StoreState
from forecasting.core.errors import StorecastError
from forecasting.services.composition import Services
from forecasting.services.store_overview import Freshness
from web.shared import formats, session

HIDDEN = "Hidden from “Needs attention” until there is a newer forecast or a new day"


def action_buttons(
    services: Services, user: Principal, series: SeriesKey, now: Freshness, as_of: date
) -> None:
    """Draw the buttons; the review button only if there is a forecast to review."""
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
            on_click=_refresh,
            args=(services, user, series),
        )


def _review_button(services: Services, user: Principal, now: Freshness, as_of: date) -> None:
    """Draw the button that marks the store as reviewed, or withdraws the review."""
    review = now.review if now.review and now.review.as_of == as_of else None
    if review is None:
        label, icon, tip = "Mark reviewed", ":material/check:", HIDDEN
    else:
        at = formats.clock(review.at.astimezone(formats.zone(st.context.timezone)))
        label, icon = "Reviewed", ":material/check_circle:"
        tip = f"By {formats.plain(review.by)} at {at}. Press to withdraw."
    st.button(
        label,
        icon=icon,
        key="review",
        help=tip,
        on_click=_withdraw if review else _review,
        args=(services, user, now.store),
    )


def _review(services: Services, user: Principal, store: str) -> None:
    services.reviews.review(user, store)


def _withdraw(services: Services, user: Principal, store: str) -> None:
    services.reviews.withdraw(user, store)


def _refresh(services: Services, user: Principal, series: SeriesKey) -> None:
    try:
        answer = services.refreshing.refresh(user, series.store)
    except StorecastError as error:
        session.remember_answer(series, str(error))
        return
    session.remember_answer(series, None if answer.run else answer.message)
