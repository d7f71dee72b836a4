"""Late feeds and closed stores."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import Store
from forecasting.planning.feeds import Feed, FeedState, judge_feed

STORE = Store("1", "North", ("101",), date(2019, 1, 1), date(2019, 4, 2))


@pytest.mark.parametrize(
    ("opened", "state", "note"),
    [
        pytest.param("0", FeedState.QUIET, "Closed 3 Apr", id="a closed day"),
        pytest.param("000", FeedState.QUIET, "Closed 3–5 Apr", id="closed days"),
        pytest.param("1", FeedState.LATE, "1 open day missing: 3 Apr", id="an open day"),
        pytest.param("0010", FeedState.LATE, "1 open day missing: 5 Apr", id="between closed ones"),
        pytest.param("1101", FeedState.LATE, "3 open days missing: 3–4 Apr, 6 Apr", id="open days"),
    ],
)
def test_only_missing_open_days_make_a_feed_late(opened: str, state: FeedState, note: str) -> None:
    """The note lists them; if only closed days are missing, the store is quiet."""
    assert judge_feed(STORE, expected(opened)) == Feed(STORE, state, note)


def expected(opened: str) -> SeriesDays:
    """Days from 3 April on, open where there is a 1."""
    frame = pd.DataFrame(
        {
            "ds": pd.date_range("2019-04-03", periods=len(opened)),
            "is_open": np.array(list(opened)) == "1",
            "promo": False,
            "holiday": "",
            "school_holiday": False,
        }
    )
    return SeriesDays.from_checked_frame(frame)
