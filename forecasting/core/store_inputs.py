"""What an engine may see of a store: the past and the days ahead of each of its series."""

from dataclasses import dataclass
from datetime import date

from forecasting.core.day_arrays import BoolArray, SeriesDays
from forecasting.core.domain import SeriesKey


@dataclass(frozen=True, slots=True)
class SeriesInputs:
    """The inputs of one series: its days up to the cutoff, and the days to forecast.

    Attributes
    ----------
    assumed
        (h,) True for days ahead that the plan lacks.
    """

    key: SeriesKey
    past: SeriesDays
    future: SeriesDays
    assumed: BoolArray


@dataclass(frozen=True, slots=True)
class StoreInputs:
    """The inputs of all series of a store at one cutoff, the total first.

    Attributes
    ----------
    assumptions
        Sentences for planners: what was assumed, and which products were left out.
    """

    store: str
    cutoff: date
    horizon: int
    assumptions: tuple[str, ...]
    series: tuple[SeriesInputs, ...]
