"""Start and stop of the server process: services, refresh worker, first forecasts."""

import asyncio
import gc
import importlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from forecasting.bootstrap import Storecast
from forecasting.config import logs
from forecasting.config.settings import Settings
from forecasting.core.domain import SYSTEM
from forecasting.core.errors import InvalidSetting, StorageError, StorecastError
from web.runtime.shutdown import limit_shutdown
from web.runtime.sockets import disable_nagle
from web.runtime.streamlit_logs import adopt_streamlit_loggers
from web.shared import access, formats
from web.shared.loopback import refuse_beyond_loopback

log = logs.get_logger(__name__)

EAGER = (
    "pandas", "pyarrow", "pyarrow.parquet", "plotly.graph_objects",
    "web.shared.forecast_chart", "web.store.store_page", "web.store.chart_view",
    "web.accuracy.accuracy_tables",
    "web.takeaway.export_menu",
)  # fmt: skip
"""Imported before the first request: requests that import at the same time find half-imported modules."""

SWITCH_SECONDS = 0.0005
"""The interpreter's switch interval: how long a page run may delay the thread that sends and receives.

Python's default is 5 ms, which adds up over the thirty or so messages of a page run.
"""


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, object]]:
    """Refuse an unsafe address, start everything, and stop it in order.

    If a setting or the state folder can't be used, the server starts all the same. Every page and every API
    operation then shows the reason (`access.trouble`), which is logged as well.

    Raises
    ------
    UnsafeBinding
        If the server would listen beyond this machine.
    """
    logs.configure_from_env("info")
    adopt_streamlit_loggers()
    limit_shutdown()
    refuse_beyond_loopback(st.get_option("server.address"))
    disable_nagle()
    sys.setswitchinterval(SWITCH_SECONDS)
    for module in EAGER:
        importlib.import_module(module)
    storecast = await _started()
    gc.collect()
    gc.freeze()  # objects that live as long as the process need no further collection
    try:
        yield {}
    finally:
        access.uninstall()
        if storecast is not None:
            await asyncio.to_thread(storecast.close)


async def _started() -> Storecast | None:
    """Start everything; None if that failed, with the reason in `access.trouble`."""
    try:
        settings = Settings.from_env()
        formats.use(settings.display)
        storecast = await asyncio.to_thread(Storecast, settings)
    except (InvalidSetting, StorageError) as error:
        _refuse(error)
        return None
    try:
        await asyncio.to_thread(storecast.start_worker)
        asked = await asyncio.to_thread(storecast.services.refreshing.refresh_all, SYSTEM, only_new=True)
    except StorageError as error:
        _refuse(error)
        await asyncio.to_thread(storecast.close)
        return None
    access.install(storecast.services)
    first = sum(not answer.is_chain_run for answer in asked)
    log.info("started", stores_without_forecast=first)
    return storecast


def _refuse(error: StorecastError) -> None:
    log.error("Storecast can't start: %s", error)
    access.refuse(str(error))
