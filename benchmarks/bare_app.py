"""The peer of `benchmarks.load`: a page with a heading and a picker on the server's usual settings.

Like the product, it freezes long-lived objects, so that Streamlit's garbage collection after each run skips
them.
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
