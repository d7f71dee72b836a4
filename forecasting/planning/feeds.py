"""Whether a store's sales are up to date, late, or expectedly quiet. Pure."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import pandas as pd

from forecasting.calendar import wording
from forecasting.domain import Store


class FeedState(StrEnum):
    """How a store's feed stands."""

    CURRENT = "Up to date"
    QUIET = "Expected quiet"
    LATE = "Late"


@dataclass(frozen=True, slots=True)
class Feed:
    """What is loaded of one store.

    Attributes
    ----------
    note
        What is missing, in words, or ``""``.
    """

    store: Store
    state: FeedState
    note: str = ""


def judge_feed(store: Store, expected: pd.DataFrame) -> Feed:
    """Judge a feed by the days that should be there.

    Parameters
    ----------
    expected
        `ds` and `is_open` of each day after the store's newest sales and before the business date, by plan
        or by habit; at least one.
    """
    days = _dates(expected["ds"])
    missing = _dates(expected.loc[expected["is_open"], "ds"])
    if not missing:
        return Feed(store, FeedState.QUIET, f"Closed {wording.day_ranges(days)}")
    word = "day" if len(missing) == 1 else "days"
    return Feed(store, FeedState.LATE, f"{len(missing)} open {word} missing: {wording.day_ranges(missing)}")


def _dates(stamps: pd.Series) -> list[date]:
    return [stamp.date() for stamp in stamps]
