"""Start and stop of the one process: service, refresh worker, first forecasts."""

import asyncio
import gc
import importlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
import streamlit.logger

from forecasting.bootstrap import Storecast
from forecasting.config import logs
from forecasting.config.settings import Settings
from forecasting.core.domain import SYSTEM
from forecasting.core.errors import InvalidSetting, StorageError, StorecastError
from web.runtime.sockets import send_at_once
from web.runtime.stopping import end_in_time
from web.shared import access, formats
from web.shared.loopback import refuse_beyond_loopback

log = logs.get_logger(__name__)

EAGER = (
    "pandas", "pyarrow", "pyarrow.parquet", "plotly.graph_objects",
    "web.shared.forecast_chart", "web.store.store_view", "web.accuracy.accuracy_tables",
    "web.takeaway.export_menu",
)  # fmt: skip
"""Imported before the first request: fifty first requests at once would race in half-imported modules."""


SWITCH_SECONDS = 0.0005
"""How long one session's run keeps the interpreter from the thread that sends and receives for all of them.

By default that is 5 ms, at each of the some thirty messages of a run.
"""


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, object]]:
    """Refuse an unsafe address, start everything, and end it in order.

    Where a setting or the state folder can't be used, the server starts nevertheless: every page and every
    API operation then answers with the sentence that says why (`access.trouble`), which is logged too.

    Raises
    ------
    UnsafeBinding
        If the server would listen beyond this machine.
    """
    _configure_logs()
    end_in_time()
    refuse_beyond_loopback(st.get_option("server.address"))
    send_at_once()
    sys.setswitchinterval(SWITCH_SECONDS)
    for module in EAGER:
        importlib.import_module(module)
    storecast = await _started()
    gc.collect()
    gc.freeze()  # what lives for ever need not be looked at again by each collection
    try:
        yield {}
    finally:
        access.uninstall()
        if storecast is not None:
            await asyncio.to_thread(storecast.close)


def _configure_logs() -> None:
    logs.configure_from_env("info")
    streamlit.logger.setup_formatter = logs.adopt  # the loggers it makes later write like all others, too


async def _started() -> Storecast | None:
    """Everything under way, or None with the reason told."""
    try:
        settings = Settings.from_env()
        formats.use(settings.display)
        storecast = await asyncio.to_thread(Storecast, settings)
    except (InvalidSetting, StorageError) as error:
        _refuse(error)
        return None
    try:
        await asyncio.to_thread(storecast.start_worker)
        asked = await asyncio.to_thread(storecast.service.refresh_all, SYSTEM, only_new=True)
    except StorageError as error:
        _refuse(error)
        await asyncio.to_thread(storecast.close)
        return None
    access.install(storecast.service)
    first = sum(not answer.of_chain for answer in asked)
    log.info("started", stores_without_forecast=first)
    return storecast


def _refuse(error: StorecastError) -> None:
    log.error("Storecast can't start: %s", error)
    access.refuse(str(error))
