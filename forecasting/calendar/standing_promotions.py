"""Standing promotions: a store takes part from a certain week on, as the file of stores says."""

from collections.abc import Mapping
from datetime import date

import numpy as np

from forecasting.core.day_arrays import BoolArray, IntArray, number_of

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

Attributes = Mapping[str, str | float | None]


def standing_promotion(attributes: Attributes, days: IntArray) -> dict[str, BoolArray]:
    """Flag the days of a store's standing promotion; empty if it takes part in none.

    Parameters
    ----------
    attributes
        Attributes of the store: ``promo2`` (1 if it takes part), ``promo2_since_week`` and
        ``promo2_since_year`` (an ISO week), ``promo_interval`` (months in which the promotion is renewed,
        such as ``Jan,Apr,Jul,Oct``).
    days
        (n,) days since 1970-01-01.

    Returns
    -------
    dict
        (n,) bool by name: ``standing_promotion`` from that week on, and ``standing_promotion_renewed`` in the
        months of renewal.
    """
    since = _since(attributes)
    if since is None:
        return {}
    running = days >= since
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    named = str(attributes.get("promo_interval") or "").split(",")
    renewed = [MONTHS.index(key) for name in named if (key := name.strip().lower()[:3]) in MONTHS]
    return {"standing_promotion": running, "standing_promotion_renewed": running & np.isin(month, renewed)}


def _since(attributes: Attributes) -> int | None:
    """Day number of the Monday it began; None if the store takes part in none, or its week is invalid."""
    year, week = attributes.get("promo2_since_year"), attributes.get("promo2_since_week")
    if attributes.get("promo2") != 1 or not (isinstance(year, float | int) and isinstance(week, float | int)):
        return None
    try:
        return number_of(date.fromisocalendar(int(year), int(week), 1))
    except (ValueError, OverflowError):  # the year has no such week, or the number is not finite
        return None
