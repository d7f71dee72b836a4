from datetime import date

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.core.errors import InvalidFrame, StateTooNew, StorageError
from forecasting.core.schema import STORE_FORECAST, VALUES
from forecasting.storage.blob import decode, encode
from tests.storage.examples import forecast

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
days = st.builds(
    dict,
    item=st.sampled_from(["all", "bread", "Brötchen", "10"]),
    engine=st.sampled_from(["prophet", "seasonal_naive"]),
    ds=st.dates(date(1700, 1, 1), date(2200, 1, 1)),
    **dict.fromkeys(VALUES, st.floats(allow_nan=False)),
    is_open=st.booleans(),
    promo=st.booleans(),
    holiday=texts,
    school_holiday=st.booleans(),
    assumed=st.booleans(),
)


def blob(kind: str, version: str) -> bytes:
    """An Arrow stream that says it is of this type and version."""
    batch = pa.RecordBatch.from_pydict({"item": ["all"]}, metadata={"type": kind, "version": version})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


@settings(deadline=None)
@given(st.lists(days, max_size=30), st.sampled_from(["s", "ms", "us", "ns"]))
def test_any_forecast_comes_back_the_same(rows: list[dict[str, object]], unit: str) -> None:
    """Values, row order and dtypes survive, whatever the items, days and the resolution of `ds`."""
    flags = ("is_open", "promo", "school_holiday", "assumed")
    dtypes = {
        **dict.fromkeys(("item", "engine", "holiday"), "str"),
        "ds": f"datetime64[{unit}]",
        **dict.fromkeys(VALUES, "float64"),
        **dict.fromkeys(flags, "bool"),
    }
    frame = pd.DataFrame(rows, columns=list(STORE_FORECAST)).astype(dtypes)
    pd.testing.assert_frame_equal(decode(encode(frame)), frame, check_exact=True)


def test_the_index_and_further_columns_are_not_kept() -> None:
    """Only the schema's columns are stored, in its order, under a fresh index."""
    frame = forecast()
    messy = frame.iloc[:, ::-1].assign(note="?").set_index(pd.Index(range(100, 100 + len(frame))))
    pd.testing.assert_frame_equal(decode(encode(messy)), frame)


def test_items_held_as_objects_come_back_as_text() -> None:
    """Whatever holds the strings, they come back as `str`."""
    frame = forecast()
    messy = frame.astype({"item": object, "engine": "category", "holiday": object})
    pd.testing.assert_frame_equal(decode(encode(messy)), frame)


def test_one_row_is_stored_per_item() -> None:
    """The days of an item share one row."""
    with pa.ipc.open_stream(encode(forecast())) as reader:
        assert reader.schema.metadata == {b"type": b"storecast.forecast", b"version": b"1"}
        assert reader.read_next_batch().num_rows == 3


def test_what_is_read_can_be_worked_with() -> None:
    """A page may change its copy."""
    frame = decode(encode(forecast()))
    frame.loc[0, "mean"] = 99.0
    frame.loc[0, "promo"] = False
    assert frame["mean"].iloc[:2].tolist() == [99.0, 10.0]


def test_a_broken_frame_is_refused() -> None:
    """A missing value never reaches the database."""
    frame = forecast()
    frame.loc[5, "q50"] = None
    with pytest.raises(InvalidFrame, match="store forecast: column 'q50' has 1 missing"):
        encode(frame)


def test_a_newer_version_is_refused_by_name() -> None:
    """The error tells what was expected and found."""
    with pytest.raises(StateTooNew, match=r"expected version 1 of 'storecast.forecast', found version 2"):
        decode(blob("storecast.forecast", "2"))


def test_another_type_is_refused_by_name() -> None:
    """An Arrow stream of something else is not read as a forecast."""
    with pytest.raises(StorageError, match=r"expected type 'storecast.forecast', found 'storecast.samples'"):
        decode(blob("storecast.samples", "1"))


@pytest.mark.parametrize("content", [b"", b"no arrow", encode(forecast())[:-300]])
def test_damaged_bytes_are_refused(content: bytes) -> None:
    """Empty, foreign and cut-off blobs give an error, never half a forecast."""
    with pytest.raises(StorageError, match="expected an Arrow IPC stream"):
        decode(content)
