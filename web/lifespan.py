"""Start and stop of the one process: service, refresh worker, first forecasts."""

import asyncio
import gc
import importlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from forecasting.bootstrap import Storecast
from forecasting.domain import SYSTEM
from forecasting.settings import Settings
from web import access
from web.guard import refuse_beyond_loopback

log = logging.getLogger(__name__)

EAGER = ("pandas", "pyarrow", "pyarrow.parquet", "plotly.graph_objects", "web.charts", "web.store_view")
"""Imported before the first request: fifty first requests at once would race in half-imported modules."""


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, object]]:
    """Refuse an unsafe address, start everything, and end it in order.

    Raises
    ------
    UnsafeBinding
        If the server would listen beyond this machine.
    """
    refuse_beyond_loopback(st.get_option("server.address"))
    for module in EAGER:
        importlib.import_module(module)
    storecast = await asyncio.to_thread(Storecast, Settings.from_env())
    access.install(storecast.service)
    storecast.start_worker()
    asked = await asyncio.to_thread(storecast.service.refresh_all, SYSTEM, only_new=True)
    log.info("started; %d stores wait for their first forecast", len(asked))
    gc.collect()
    gc.freeze()  # Streamlit collects after every run; what lives for ever need not be looked at again
    try:
        yield {}
    finally:
        access.uninstall()
        await asyncio.to_thread(storecast.close)
