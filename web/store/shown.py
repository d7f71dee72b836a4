"""What a store's page depends on, and so what is kept of it is kept by."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from forecasting.core.domain import SeriesKey


@dataclass(frozen=True, slots=True)
class Shown:
    """All that is drawn depends on, so that it is drawn anew when any of it changes.

    Attributes
    ----------
    rights
        Of the one who looks (`cached.rights`).
    sales_hash
        Of all sales of the store.
    version
        None before the first.
    is_newest
        Whether there is no newer version.
    theme
        The reader's, as Streamlit names it.
    before
        The version whose expected line is drawn as well; None for none.
    has_forecast
        Whether the version has the series.
    """

    rights: object
    key: SeriesKey
    as_of: date
    sales_hash: str
    version: int | None
    is_newest: bool
    theme: str | None
    before: int | None = None
    has_forecast: bool = False


BY_VALUE: dict[str | type, Callable[[object], str]] = {Shown: repr}
"""How the caches tell them apart: field by field took them longer than to draw from it."""
