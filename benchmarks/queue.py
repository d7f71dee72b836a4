"""My stores, run on the server, against a bare page with a table of the same size in the same run.

``python -m benchmarks.queue [--stores N] [--items N] [--json]``. Synthetic stores (1,115 by default) with
some products (1 by default) and 60 days of sales, each with a published forecast. The script run of the page
is timed without a browser: once with no change since the previous run, and once after a store was marked as
reviewed.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from streamlit.testing.v1 import AppTest

from benchmarks.furnishing import furnish, synthetic_sales
from forecasting.bootstrap import Storecast
from forecasting.config.settings import Settings
from forecasting.core.domain import LOCAL_USER
from web.shared import access

ROUTER = Path(__file__).resolve().parent.parent / "web" / "router.py"
DAYS, RUNS = 60, 15


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--stores", type=int, default=1115)
    parser.add_argument("--items", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), engine="seasonal_naive")
        with Storecast(settings) as storecast:
            furnish(storecast, Path(home), synthetic_sales(parsed.stores, parsed.items, DAYS, eventful=False))
            access.install(storecast.services)
            app = AppTest.from_file(str(ROUTER), default_timeout=60)
            queue = _median_run(app)
            news = _median_run(app, partial(storecast.services.reviews.review, LOCAL_USER, "1"))
        bare = _median_run(
            AppTest.from_function(_bare_page, kwargs={"rows": parsed.stores}, default_timeout=60)
        )
    result = {
        "stores": parsed.stores,
        "products each": parsed.items,
        "queue, ms": 1000 * queue,
        "after news, ms": 1000 * news,
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


def _median_run(app: AppTest, happens: Callable[[], object] = lambda: None) -> float:
    """Median seconds of a run after a change."""
    app.run()
    if app.exception:
        raise SystemExit(app.exception[0].value)
    took = []
    for _ in range(RUNS):
        happens()
        start = time.perf_counter()
        app.run()
        took.append(time.perf_counter() - start)
    return statistics.median(took)


if __name__ == "__main__":
    main()
