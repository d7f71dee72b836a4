"""The floor of `benchmarks.pages` for what is opened by a link: its page, and one with a heading alone."""

import streamlit as st

from benchmarks.floor_app import lifespan

app = st.App("floor_router.py", lifespan=lifespan)
