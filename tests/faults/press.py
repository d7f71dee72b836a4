"""Many users who press Refresh at the same moment, in a process of their own.

``python -m tests.faults.press STORE PRESSES`` says "ready", waits for a line, presses in that many threads,
and tells the verdicts as JSON.
"""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from forecasting.bootstrap import Storecast
from forecasting.config.settings import Settings
from forecasting.core.domain import LOCAL_USER

if __name__ == "__main__":
    store, presses = sys.argv[1], int(sys.argv[2])
    with Storecast(Settings.from_env()) as storecast:
        barrier = threading.Barrier(presses)

        def press(_number: int) -> str:
            """Press once everybody is ready."""
            barrier.wait(30)
            return storecast.services.refreshing.refresh(LOCAL_USER, store).verdict.value

        print("ready", flush=True)  # noqa: T201 – how a child tells its parent
        sys.stdin.readline()
        with ThreadPoolExecutor(presses) as pool:
            print(json.dumps(list(pool.map(press, range(presses)))))  # noqa: T201 – the same
