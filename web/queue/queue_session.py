"""The queue's filters in the session, and the rows it drew last."""

import streamlit as st

from web.shared.session import REGION

SEARCH = "search"
"""Key of the search field."""

QUEUE_PART = "queue_part"
"""Key of the choice which part of the queue is shown."""

_DRAWN = "queue_drawn"


def filter_words() -> str:
    """Which stores of the queue are shown, in words: ``Needs attention, South, search “17”``."""
    state = st.session_state
    search = state.get(SEARCH, "").strip()
    words = [state.get(QUEUE_PART), state.get(REGION), f"search “{search}”" if search else None]
    return ", ".join(word for word in words if word)


def swap_drawn(stores: list[str]) -> list[str]:
    """Remember the stores of the queue in the order drawn now, and return those drawn before.

    A chosen row is counted in the order drawn before. The first call returns `stores`.
    """
    drawn: list[str] = st.session_state.get(_DRAWN, stores)
    st.session_state[_DRAWN] = stores
    return drawn
