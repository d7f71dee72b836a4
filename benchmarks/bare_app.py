"""The peer of `benchmarks.load`: a page with a heading and a picker on the server's usual settings.

Like the product it does not have Streamlit's collection after each run look at what lives for ever.
"""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, object]]:
    """Put aside what start-up has left."""
    gc.collect()
    gc.freeze()
    yield {}


app = st.App("bare_page.py", lifespan=lifespan)
