"""The track record: what published versions forecast for a day, and what was sold on it."""

from datetime import date
from typing import NamedTuple


class StoreDay(NamedTuple):
    """One day of one store."""

    store: str
    ds: date


class SeriesDay(NamedTuple):
    """One day of one series of a store."""

    item: str
    ds: date


class Actual(NamedTuple):
    """What a series sold on a day, and whether it was open."""

    y: float
    is_open: bool


class TrackRow(NamedTuple):
    """What a published version forecast for a day at least `lead` days ahead, and what was sold on it.

    Attributes
    ----------
    version, engine, cutoff
        The version that is scored, the engine that made it, and the last day it had seen.
    y, is_open
        Units sold, and whether the series was open. Closed days are recorded but not scored.
    """

    item: str
    ds: date
    lead: int
    version: int
    engine: str
    cutoff: date
    y: float
    mean: float
    q10: float
    q50: float
    q90: float
    is_open: bool
