"""Keep a server's workers busy from another process, by requesting a refresh of every store repeatedly.

``python -m benchmarks.pressing`` works on the state folder of ``STORECAST_HOME`` until its standard input is
closed. It trains nothing itself.
"""

import os
import select
import sys

from forecasting.bootstrap import Storecast
from forecasting.config.settings import Settings
from forecasting.core.domain import LOCAL_USER

PAUSE = 0.25
NICENESS = 10


def main() -> None:
    """Request a training of every store that is not in training, four times a second."""
    os.nice(NICENESS)
    with Storecast(Settings.from_env()) as storecast:
        while not select.select([sys.stdin], [], [], PAUSE)[0]:
            storecast.services.refreshing.refresh_all(LOCAL_USER, force=True)


if __name__ == "__main__":
    main()
