"""My stores, rendered on the server, against a bare page with a table of the same size in the same run.

``python -m benchmarks.queue [--stores N] [--json]``. N synthetic stores (1,115 by default) with 60 days of
sales, each with a published forecast. What is timed is the script run behind the page, without a browser.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from forecasting.bootstrap import Storecast
from forecasting.domain import LOCAL_USER
from forecasting.settings import Settings
from web import access

ROUTER = Path(__file__).resolve().parent.parent / "web" / "router.py"
RUNS = 15


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--stores", type=int, default=1115)
    parser.add_argument("--json", action="store_true")
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), engine="seasonal_naive")
        with Storecast(settings) as storecast:
            _furnish(storecast, Path(home) / "sales.parquet", parsed.stores)
            access.install(storecast.service)
            queue = _median_run(AppTest.from_file(str(ROUTER), default_timeout=60))
        bare = _median_run(
            AppTest.from_function(_bare_page, kwargs={"rows": parsed.stores}, default_timeout=60)
        )
    result = {
        "stores": parsed.stores,
        "queue, ms": 1000 * queue,
        "bare page, ms": 1000 * bare,
        "ratio": queue / bare,
    }
    if parsed.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:<16}{value:>10.1f}")


def _furnish(storecast: Storecast, file: Path, stores: int) -> None:
    days = pd.date_range("2019-02-02", "2019-04-02")
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "store": np.repeat(np.arange(1, stores + 1), len(days)),
            "item": "all",
            "date": np.tile(days, stores),
            "demand": rng.poisson(80.0, stores * len(days)).astype(float),
            "region": np.repeat([f"Region {n % 12}" for n in range(stores)], len(days)),
        }
    )
    frame.to_parquet(file, index=False)
    storecast.service.import_file(LOCAL_USER, file, "sales")
    storecast.service.refresh_all(LOCAL_USER)
    storecast.start_worker()
    while storecast.service.batch(LOCAL_USER):
        time.sleep(0.1)


def _bare_page(rows: int) -> None:
    import numpy as np  # noqa: PLC0415 - the page's source is taken out of this module
    import pandas as pd  # noqa: PLC0415 - the same
    import streamlit as st  # noqa: PLC0415 - the same

    columns = {name: ["words of some length"] * rows for name in "abcd"}
    numbers = {name: np.arange(rows, dtype=float) for name in "ef"}
    st.dataframe(pd.DataFrame({**columns, **numbers, "g": [list(range(35))] * rows}))


def _median_run(app: AppTest) -> float:
    app.run()
    if app.exception:
        raise SystemExit(app.exception[0].value)
    took = []
    for _ in range(RUNS):
        start = time.perf_counter()
        app.run()
        took.append(time.perf_counter() - start)
    return statistics.median(took)


if __name__ == "__main__":
    main()
