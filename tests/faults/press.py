"""Many users who press Refresh at the same moment, in a process of their own (`tests.children`)."""

import threading
from concurrent.futures import ThreadPoolExecutor

from forecasting.bootstrap import Storecast
from forecasting.config.settings import Settings
from forecasting.core.domain import LOCAL_USER
from tests.children import Wait


def press_many(wait: Wait, store: str, presses: int) -> list[str]:
    """Press Refresh for a store in so many threads; return the verdicts."""
    with Storecast(Settings.from_env()) as storecast:
        barrier = threading.Barrier(presses)

        def press(_number: int) -> str:
            """Press once everybody is ready."""
            barrier.wait(30)
            return storecast.services.refreshing.refresh(LOCAL_USER, store).verdict.value

        wait()
        with ThreadPoolExecutor(presses) as pool:
            return list(pool.map(press, range(presses)))
