"""The pages of `benchmarks.floor_links`."""

from pathlib import Path

import streamlit as st

FLOOR = Path(__file__).resolve().parent / "floor_page.py"


def nothing() -> None:
    """Draw a heading."""
    st.subheader("Nothing")


st.navigation(
    [st.Page(FLOOR, title="Floor", default=True), st.Page(nothing, title="Nothing")], position="top"
).run()
