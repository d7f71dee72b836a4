"""The button that refreshes every store of the user."""

import streamlit as st

from web.shared import access, run_sentences


def refresh_all_button() -> None:
    """Draw the button; pressing it asks for a refresh of every store of the user."""
    st.button(
        "Refresh all",
        icon=":material/refresh:",
        key="refresh_all",
        on_click=_refresh_all,
        width="stretch",
        help="Updates or retrains the stores that are out of date and leaves the others alone",
    )


def _refresh_all() -> None:
    answers = access.services().refreshing.refresh_all(access.require_user())
    st.toast(run_sentences.refresh_answer(answers))
