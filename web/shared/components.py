"""Parts that several pages share."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from forecasting.core.domain import ALL_ITEMS, SeriesKey, Store, Verdict
from forecasting.core.errors import StorageError, StorecastError
from web.shared import access, formats, session

THEME_POLL = 5.0

RUNNING_POLL, IDLE_POLL = 1.0, 5.0
"""Seconds between two polls of a fragment while something runs, and while nothing does."""

ALL_REGIONS = "All regions"

HEADER_HEIGHT = 38
"""Height of a grid's header row in pixels."""
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
    st.caption("Nothing was changed. Once this is fixed, start the dashboard again.")


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
    answers = access.services().refreshing.refresh_all(access.require_user())
    verdicts = [answer.verdict for answer in answers if not answer.of_chain]
    started = sum(verdict is not Verdict.FRESH for verdict in verdicts)
    st.toast(f"{started} stores are being refreshed, {len(verdicts) - started} were up to date")


PICKER, ARROW = 264, 46
"""Widths in pixels."""


def pick_series(stores: Sequence[Store]) -> tuple[SeriesKey, DeltaGenerator]:
    """Draw the pickers, bound to the address, and return the choice and the place for buttons beside them.

    What is chosen has to be among the stores (`session.chosen_series`).
    """
    row = st.container(horizontal=True, vertical_alignment="bottom", key="pickers")
    names = [store.store for store in stores]
    store = row.selectbox(
        "Store", names, key=session.STORE, bind="query-params", on_change=session.forget_version, width=PICKER
    )
    items = next((each.items for each in stores if each.store == store), ())
    item = row.selectbox(
        "Product", [ALL_ITEMS, *items], key=session.ITEM, bind="query-params",
        format_func=session.item_label, width=PICKER,
    )  # fmt: skip
    for words, by, icon in (("Previous", -1, "left"), ("Next", 1, "right")):
        row.button(
            f"{words} store", icon=f":material/chevron_{icon}:", help=f"{words} store",
            key=f"{words.lower()}_store", on_click=session.step_store, args=(names, by), width=ARROW,
        )  # fmt: skip
    beside = row.container(horizontal=True, horizontal_alignment="right", vertical_alignment="bottom")
    return SeriesKey(store or names[0], item or ALL_ITEMS), beside
