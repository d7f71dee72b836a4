"""The floor of `benchmarks.pages`: a page with one picker and one chart, with the usual settings."""

import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from benchmarks import floor_figures
from web.runtime.lifespan import SWITCH_SECONDS
from web.runtime.sockets import disable_nagle


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, object]]:
    """Do what the product's own start does for every page."""
    disable_nagle()
    sys.setswitchinterval(SWITCH_SECONDS)
    floor_figures.read()
    gc.collect()
    gc.freeze()
    yield {}


app = st.App("floor_page.py", lifespan=lifespan)
