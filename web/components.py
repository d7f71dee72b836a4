"""Parts that several pages share."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from forecasting.domain import ALL_ITEMS, SeriesKey, Store, Verdict
from forecasting.errors import StorageError, StorecastError
from web import access, formats, session

THEME_POLL = 5.0
"""Seconds between looks at the reader's theme."""


def explain(error: Exception) -> bool:
    """Show what went wrong in words instead of Streamlit's own box; Streamlit has logged the rest."""
    if isinstance(error, StorageError):
        st.error(
            "The database can't be used at the moment. Nothing is lost; try again in a minute. "
            "If it stays, the server's log says why.",
            icon=":material/database_off:",
        )
    elif isinstance(error, StorecastError):
        st.error(formats.plain(str(error)), icon=":material/error:")
    else:
        st.error(
            "Something went wrong on this page. Reload it; if it stays, the server's log says why.",
            icon=":material/error:",
        )
    return True


def could_not_start(reason: str) -> None:
    """Say why there is nothing to show, and what to do."""
    st.subheader("Storecast could not start", anchor=False)
    st.error(formats.plain(reason), icon=":material/error:")
    st.caption("Nothing was changed. Once this is mended, start the dashboard again.")


def follow_theme(page: str) -> None:
    """Draw a page again when the reader's theme has changed, for those that nothing else keeps alive.

    Parameters
    ----------
    page
        Its name.
    """

    @st.fragment(run_every=THEME_POLL)
    def watch() -> None:
        if session.pulse_changed(page, None):
            st.rerun()

    watch()


def no_sales() -> None:
    """Say how to load some."""
    st.info(
        "There are no sales yet. Upload a file on **Sales data**, load one with "
        "`python -m forecasting import sales.csv`, or the sample with `python -m forecasting sample load`.",
        icon=":material/upload_file:",
    )


def refresh_all_button() -> None:
    """Draw the button that presses Refresh for every store of the user."""
    st.button(
        "Refresh all",
        icon=":material/refresh:",
        key="refresh_all",
        on_click=_press_all,
        width="stretch",
        help="Rolls forward or trains what is out of date; the others are left alone",
    )


def _press_all() -> None:
    answers = access.service().refresh_all(access.require_user())
    verdicts = [answer.verdict for answer in answers if not answer.of_chain]
    started = sum(verdict is not Verdict.FRESH for verdict in verdicts)
    st.toast(f"{started} stores are being refreshed, {len(verdicts) - started} were up to date")


def pick_series(stores: list[Store]) -> tuple[SeriesKey, DeltaGenerator]:
    """Draw the pickers, bound to the address, and return the choice and the place for the Refresh button."""
    store_col, item_col, back_col, next_col, action = st.columns(
        [2.6, 2.6, 0.55, 0.55, 5.9], vertical_alignment="bottom", gap="small"
    )
    names = [store.store for store in stores]
    session.keep_store(names, names[0])
    store = store_col.selectbox(
        "Store", names, key=session.STORE, bind="query-params", on_change=session.forget_version
    )
    items = next((each.items for each in stores if each.store == store), ())
    session.keep_item(items)
    item = item_col.selectbox(
        "Product",
        [ALL_ITEMS, *items],
        key=session.ITEM,
        bind="query-params",
        format_func=session.item_label,
    )
    back_col.button(
        "Previous store", icon=":material/chevron_left:", help="Previous store", key="previous_store",
        on_click=session.step_store, args=(names, -1), width="stretch",
    )  # fmt: skip
    next_col.button(
        "Next store", icon=":material/chevron_right:", help="Next store", key="next_store",
        on_click=session.step_store, args=(names, 1), width="stretch",
    )  # fmt: skip
    return SeriesKey(store or names[0], item or ALL_ITEMS), action
