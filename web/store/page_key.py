"""The key under which drawings of a store's page are cached."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from forecasting.core.domain import SeriesKey, VersionHeader


@dataclass(frozen=True, slots=True)
class PageKey:
    """Everything that the drawing of a series depends on, so a cached drawing is never stale.

    Attributes
    ----------
    as_of
        The business date.
    sales_hash
        The hash of all sales of the store.
    header
        The version that is shown; None before the first forecast. The whole header and not only its number,
        because another database may replace this one while the process runs.
    is_newest
        Whether `header` is the newest version of the store.
    theme
        The reader's theme, as Streamlit names it.
    previous
        The version whose expected line is drawn as well; None for none.
    """

    series: SeriesKey
    as_of: date
    sales_hash: str
    header: VersionHeader | None
    is_newest: bool
    theme: str | None
    previous: int | None = None


HASHED_BY_REPR: dict[str | type, Callable[[object], str]] = {PageKey: repr}
"""How Streamlit's caches hash the key: field by field takes longer than replaying the page."""
