"""Judge whether a store's sales are up to date, late, or missing only for closed days."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from forecasting.core import wording
from forecasting.core.day_arrays import SeriesDays, day_of
from forecasting.core.domain import Store


class FeedState(StrEnum):
    """State of a store's sales feed; quiet means that every missing day is a closed one."""

    CURRENT = "current"
    QUIET = "quiet"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Feed:
    """The sales feed of one store.

    Attributes
    ----------
    note
        The missing days, in words, or ``""``.
    """

    store: Store
    state: FeedState
    note: str = ""


def judge_feed(store: Store, expected: SeriesDays) -> Feed:
    """Judge a feed by its missing days.

    Parameters
    ----------
    expected
        Each day after the newest sales and before the business date, at least one. `is_open` comes from the
        plan, or from the usual weekdays of the store where there is none.
    """
    days = _dates(expected)
    missing = _dates(expected[expected.is_open])
    if not missing:
        return Feed(store, FeedState.QUIET, f"Closed {wording.day_ranges(days)}")
    word = "day" if len(missing) == 1 else "days"
    return Feed(store, FeedState.LATE, f"{len(missing)} open {word} missing: {wording.day_ranges(missing)}")


def _dates(days: SeriesDays) -> list[date]:
    return [day_of(day) for day in days.days.tolist()]
