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

from streamlit.testing.v1 import AppTest

from benchmarks.furnishing import furnish, synthetic_sales
from forecasting.bootstrap import Storecast
from forecasting.settings import Settings
from web import access

ROUTER = Path(__file__).resolve().parent.parent / "web" / "router.py"
DAYS, RUNS = 60, 15


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--stores", type=int, default=1115)
    parser.add_argument("--json", action="store_true")
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), engine="seasonal_naive")
        with Storecast(settings) as storecast:
            furnish(storecast, Path(home), synthetic_sales(parsed.stores, 1, DAYS, eventful=False))
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
