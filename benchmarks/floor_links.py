"""The floor of `benchmarks.pages` for pages opened by a link: its page, and one with only a heading."""

import streamlit as st

from benchmarks.floor_app import lifespan

app = st.App("floor_router.py", lifespan=lifespan)
