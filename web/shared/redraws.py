"""When a page has to be drawn again: what this session drew last, and how often fragments check."""

import streamlit as st

RUNNING_POLL, IDLE_POLL = 1.0, 5.0
"""Seconds between two polls of a fragment while a run is active, and while none is."""

THEME_POLL = 5.0
"""Seconds between two checks of the browser's theme."""

_PULSE = "drawn_pulse"
_CHART = "drawn_chart"


def pulse_changed(page: str, pulse: object) -> bool:
    """Whether this page's pulse or the browser's theme differs from the last call; remembers both.

    The theme counts because charts have its colours, and a browser may change it while a page is open.

    Parameters
    ----------
    page
        A page or a store. The first call for it returns False.
    pulse
        Anything that changes when the page has to be drawn again.
    """
    drawn, now = st.session_state.get(_PULSE), (pulse, st.context.theme.type)
    st.session_state[_PULSE] = (page, now)
    return drawn is not None and drawn[0] == page and drawn[1] != now


def is_new_chart(chart: object) -> bool:
    """Whether this chart differs from the one this session drew last; remembers it."""
    drawn = st.session_state.get(_CHART)
    st.session_state[_CHART] = chart
    return bool(drawn != chart)


def follow_theme(page: str) -> None:
    """Draw a page again after the browser's theme has changed; for pages without another polling fragment."""

    @st.fragment(run_every=THEME_POLL)
    def watch() -> None:
        if pulse_changed(page, None):
            st.rerun()

    watch()
