"""Messages that take the place of a page: errors, a failed start, no sales."""

import streamlit as st

from forecasting.core.errors import StorageError, StorecastError
from web.shared.formats import plain


def explain(error: Exception) -> bool:
    """Show an error in words instead of Streamlit's own box; Streamlit has logged the details."""
    if isinstance(error, StorageError):
        st.error(
            "The database can't be used at the moment. Nothing is lost; try again in a minute. "
            "If the problem persists, the server's log says why.",
            icon=":material/database_off:",
        )
    elif isinstance(error, StorecastError):
        st.error(plain(str(error)), icon=":material/error:")
    else:
        st.error(
            "Something went wrong on this page. Reload it; if the problem persists, the server's log says "
            "why.",
            icon=":material/error:",
        )
    return True


def could_not_start(reason: str) -> None:
    """Say why Storecast did not start, and what to do."""
    st.subheader("Storecast could not start", anchor=False)
    st.error(plain(reason), icon=":material/error:")
    st.caption("Nothing was changed. Once this is fixed, start the dashboard again.")


def no_sales() -> None:
    """Say that there are no sales, and how to load some."""
    st.info(
        "There are no sales yet. Upload a file on **Sales data**, load one with "
        "`python -m forecasting import sales.csv`, or the sample with `python -m forecasting sample load`.",
        icon=":material/upload_file:",
    )
