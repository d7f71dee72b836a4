"""Whether a store's sales are up to date, late, or expectedly quiet. Pure."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from forecasting.core import wording
from forecasting.core.day_arrays import SeriesDays, day_of
from forecasting.core.domain import Store


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


def judge_feed(store: Store, expected: SeriesDays) -> Feed:
    """Judge a feed by the days that should be there.

    Parameters
    ----------
    expected
        Each day after the store's newest sales and before the business date, by plan or by habit; at least
        one.
    """
    days = _dates(expected)
    missing = _dates(expected[expected.is_open])
    if not missing:
        return Feed(store, FeedState.QUIET, f"Closed {wording.day_ranges(days)}")
    word = "day" if len(missing) == 1 else "days"
    return Feed(store, FeedState.LATE, f"{len(missing)} open {word} missing: {wording.day_ranges(missing)}")


def _dates(days: SeriesDays) -> list[date]:
    return [day_of(day) for day in days.days.tolist()]
