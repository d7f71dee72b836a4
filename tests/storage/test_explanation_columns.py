"""The explanation in the blob of a forecast."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from forecasting.core.explanation import LEVEL, ROUNDING, Cause, Explanation, Origin, StoreReasons
from forecasting.storage.blob import decode, decode_reasons, encode
from tests.storage.examples import forecast

DAYS = 28
ITEMS = ("all", "bread", "rolls")
FRAME = forecast(level=10.0)
MEAN = np.full(DAYS, 10.0)
PROMO = np.where(np.arange(DAYS) == 3, 1 / 3, 0.0)
SEASON = np.linspace(-0.1, 0.1, DAYS)
MODEL = Explanation(Origin.MODEL, {"season": SEASON, "promotion": PROMO}).with_level_for(MEAN)
PLAIN = Explanation(Origin.HISTORY, {"weekday": -SEASON}).with_level_for(MEAN)
REASONS = StoreReasons(
    {"all": MODEL, "rolls": PLAIN},
    since=7,
    causes=(Cause.SALES, Cause.MODEL),
    unexplained="",
    shifts={"all": {Cause.SALES: SEASON / 3}, "rolls": {Cause.SALES: PROMO / 3}},
)


def test_what_is_kept_comes_back() -> None:
    """Explanations to seven digits that add up to the mean, exact shifts, and all of the store's texts."""
    back = decode_reasons(encode(FRAME, REASONS))
    assert (back.since, back.causes, back.unexplained) == (7, (Cause.SALES, Cause.MODEL), "")
    assert list(back.why) == ["all", "rolls"]
    assert (back.why["all"].origin, back.why["rolls"].origin) == (Origin.MODEL, Origin.HISTORY)
    assert list(back.why["all"].steps) == [LEVEL, "season", "promotion"]
    assert list(back.why["rolls"].steps) == [LEVEL, "weekday"]
    np.testing.assert_allclose(back.why["all"].steps["season"], SEASON, rtol=1e-6)
    np.testing.assert_allclose(back.why["all"].total, MEAN, rtol=1e-15)
    np.testing.assert_array_equal(back.why["all"].steps["promotion"] == 0, PROMO == 0)
    for item, shift in REASONS.shifts.items():
        np.testing.assert_array_equal(back.shifts[item][Cause.SALES], shift[Cause.SALES])


def test_of_one_item_only_that_is_unpacked() -> None:
    """The same as when all are read; nothing for an unknown item."""
    content = encode(FRAME, REASONS)
    one, whole = decode_reasons(content, "rolls"), decode_reasons(content)
    assert list(one.why) == list(one.shifts) == ["rolls"]
    np.testing.assert_array_equal(one.why["rolls"].total, whole.why["rolls"].total)
    assert (one.since, one.causes) == (whole.since, whole.causes)
    assert decode_reasons(content, "bread").why == {}
    assert decode_reasons(content, "cake") == StoreReasons(
        since=7, causes=(Cause.SALES, Cause.MODEL), shifts={}
    )


def test_the_days_are_what_they_were_without() -> None:
    """Value for value; and a forecast from before reasons were kept tells none."""
    pd.testing.assert_frame_equal(decode(encode(FRAME, REASONS)), decode(encode(FRAME)), check_exact=True)
    assert decode_reasons(encode(FRAME)) == StoreReasons()


@pytest.mark.parametrize("since", [None, 3])
def test_a_version_without_explanations_says_what_it_can(since: int | None) -> None:
    """The reason why there are none."""
    back = decode_reasons(encode(FRAME, StoreReasons(since=since, unexplained="Größe geändert – ☃")))
    assert back == StoreReasons(since=since, unexplained="Größe geändert – ☃")


def test_a_forecast_without_a_day_can_be_kept() -> None:
    """It has nothing to explain."""
    content = encode(FRAME.iloc[:0], StoreReasons(since=1, causes=(Cause.PLAN,)))
    assert decode_reasons(content) == StoreReasons(since=1, causes=(Cause.PLAN,))


def test_a_step_of_a_later_version_is_the_levels() -> None:
    """The steps that are known still add up."""
    with pa.ipc.open_stream(encode(FRAME, REASONS)) as reader:
        batch = reader.read_next_batch()
    later = pa.RecordBatch.from_arrays(
        batch.columns,
        schema=pa.schema(
            [field.with_name(field.name.replace("season", "weather")) for field in batch.schema],
            batch.schema.metadata,
        ),
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, later.schema) as writer:
        writer.write_batch(later)
    back = decode_reasons(sink.getvalue().to_pybytes()).why["all"]
    assert list(back.steps) == [LEVEL, "promotion"]
    np.testing.assert_allclose(back.total, MEAN, rtol=1e-15)


@settings(deadline=None, max_examples=30)
@given(npst.arrays(np.float64, (4, 3 * DAYS), elements=st.floats(-1e8, 1e8)))
def test_steps_add_up_to_the_mean_whatever_is_rounded(values: np.ndarray) -> None:
    """To a billionth of the largest of them."""
    mean = np.abs(values[0])
    frame = FRAME.assign(mean=mean)
    why = {
        item: Explanation(
            Origin.MODEL, {"weekday": values[1][at], "season": values[2][at], "balance": values[3][at]}
        ).with_level_for(mean[at])
        for number, item in enumerate(ITEMS)
        for at in [slice(number * DAYS, (number + 1) * DAYS)]
    }
    back = decode_reasons(encode(frame, StoreReasons(why))).why
    for number, item in enumerate(ITEMS):
        steps = np.vstack(list(back[item].steps.values()))
        off = np.abs(steps.sum(axis=0) - mean[number * DAYS : (number + 1) * DAYS])
        assert (off <= ROUNDING * (1 + np.abs(steps).max(axis=0))).all()
