from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from forecasting.calendar.store_totals import series_histories, total_of
from forecasting.core.day_arrays import number_of
from tests.calendar.store_frames import DAYS, holiday_names, one, sales
from tests.series import days_by_item

HOLIDAYS = ("", "", "Easter", "May Day", "Änderung", "1st")
ROW = st.tuples(
    st.integers(0, 10_000), st.booleans(), st.booleans(), st.sampled_from(HOLIDAYS), st.booleans()
)


@given(
    st.dictionaries(
        st.sampled_from(["7", "101", "x"]), st.dictionaries(st.integers(0, 12), ROW, min_size=1), min_size=1
    )
)
def test_totals_of_arrays_and_of_frames_are_equal(items: dict[str, dict[int, tuple[object, ...]]]) -> None:
    """For items with any days: sums, open or promoted if one is, the last holiday by name."""
    columns = ["y", "is_open", "promo", "holiday", "school_holiday"]
    frame = pd.concat(
        pd.DataFrame([rows[day] for day in sorted(rows)], columns=columns).assign(
            item=item, ds=[DAYS[day] for day in sorted(rows)]
        )
        for item, rows in items.items()
    ).astype({"y": float, "holiday": "str"})
    expected = series_histories(frame)["all"]
    total = total_of(list(days_by_item(frame).values()))
    assert total.days.tolist() == [number_of(day.date()) for day in expected["ds"]]
    for name in ("y", "is_open", "promo", "school_holiday"):
        assert getattr(total, name).tolist() == expected[name].tolist(), name
    assert holiday_names(total) == expected["holiday"].tolist()


def test_a_total_has_the_flags_of_any_item() -> None:
    """On the days of items that have them; the items do not change."""
    whole, late = one(sales("101", 1.0)), one(sales("102", 2.0, DAYS[60:]))
    flagged = replace(late, flags={"standing": np.ones(len(late), dtype=np.bool_)})
    total = total_of([whole, flagged])
    assert total.flags["standing"].tolist() == [False] * 60 + [True] * (len(DAYS) - 60)
    assert total.y.max() == 3.0
    assert whole.y.max() == 1.0
