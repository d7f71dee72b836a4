"""The hash of a frame's values."""

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from forecasting.history.value_hash import content_hash

ROW = st.fixed_dictionaries(
    {
        "item": st.text(max_size=3),
        "ds": st.dates(date(1990, 1, 1), date(2099, 12, 31)),
        "y": st.floats(0, 1e9),
        "promo": st.booleans(),
        "holiday": st.sampled_from(["", "Easter", "Ostern"]),
    }
)
ROWS = st.lists(ROW, min_size=1, max_size=8)

few = settings(max_examples=60, deadline=None)


def frame_of(rows: list[dict[str, object]]) -> pd.DataFrame:
    """A frame with the dtypes of the schema."""
    return pd.DataFrame(rows).astype({"item": "str", "holiday": "str", "ds": "datetime64[us]"})


@few
@given(rows=ROWS, data=st.data())
def test_the_order_of_rows_and_columns_does_not_matter(
    rows: list[dict[str, object]], data: st.DataObject
) -> None:
    """Any permutation has the same hash."""
    shuffled = data.draw(st.permutations(rows))
    columns = data.draw(st.permutations(list(rows[0])))
    assert content_hash(frame_of(shuffled)[columns]) == content_hash(frame_of(rows))


@few
@given(rows=ROWS, other=ROW, data=st.data())
def test_any_other_value_changes_it(
    rows: list[dict[str, object]], other: dict[str, object], data: st.DataObject
) -> None:
    """One cell is enough."""
    row = data.draw(st.sampled_from(range(len(rows))))
    column = data.draw(st.sampled_from(list(other)))
    assume(rows[row][column] != other[column])
    changed = [dict(each) for each in rows]
    changed[row][column] = other[column]
    assert content_hash(frame_of(changed)) != content_hash(frame_of(rows))


def test_how_values_are_stored_does_not_matter() -> None:
    """Units, widths, kinds of string column and the index are not values."""
    days = [date(2024, 1, 1) + timedelta(days=day) for day in range(3)]
    frame = pd.DataFrame({"item": ["b", "a", "a"], "ds": days, "y": [0.0, 2.0, 3.0]})
    one = frame.astype({"item": "str", "ds": "datetime64[us]"})
    two = frame.astype({"item": "category", "ds": "datetime64[ns]", "y": "int64"}).set_index(
        pd.Index([7, 8, 9])
    )
    three = frame.astype({"item": "object", "ds": "datetime64[s]", "y": "float32"}).assign(y=[-0.0, 2, 3])
    assert content_hash(one) == content_hash(two) == content_hash(three)


def test_names_and_types_of_columns_matter() -> None:
    """The same numbers under another name, or as flags, have another hash."""
    frame = pd.DataFrame({"y": [1.0, 0.0]})
    hashes = {content_hash(each) for each in (frame, frame.rename(columns={"y": "z"}), frame.astype(bool))}
    assert len(hashes) == 3


def test_neighbouring_numbers_differ() -> None:
    """The last bit of a float counts."""
    assert content_hash(pd.DataFrame({"y": [0.1]})) != content_hash(
        pd.DataFrame({"y": [math.nextafter(0.1, 1)]})
    )


def test_the_hash_never_changes() -> None:
    """Files are named by it: with another algorithm every existing file would look new."""
    frame = pd.DataFrame(
        {"item": ["b", "a"], "ds": np.array(["2024-01-02", "2024-01-01"], "datetime64[us]"), "y": [1.5, 2.0]}
    )
    assert content_hash(frame) == "bb9148c6c847918ee842eb6801f23dfa9ce9ff15bad0ec4a291c020a1910eb06"
