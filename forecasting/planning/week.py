"""The coming week in a few words."""

import pandas as pd

from forecasting.calendar import wording

WEEK = 7


def week_note(future: pd.DataFrame, last_promo: bool) -> str:  # noqa: FBT001 - a day's promo state
    """Say what is special about the first seven days, or nothing: closures, holidays, promotions.

    Parameters
    ----------
    future
        `schema.FUTURE` of one series.
    last_promo
        Whether a promotion was on at the cutoff.

    Returns
    -------
    str
        Such as ``closed Fri 19 Apr (Good Friday), promotion from Thu 4 Apr``; ``""`` for an ordinary week.
    """
    week = future.head(WEEK)
    named = week[week["holiday"] != ""]
    notes = [
        f"{holiday} {wording.day(ds)}" if is_open else f"closed {wording.day(ds)} ({holiday})"
        for ds, holiday, is_open in zip(named["ds"], named["holiday"], named["is_open"], strict=True)
    ]
    return ", ".join([*notes, *_promotion(week, last_promo)])


def _promotion(week: pd.DataFrame, last_promo: bool) -> list[str]:  # noqa: FBT001 - a day's promo state
    promo = week["promo"]
    if promo.any() and not last_promo:
        return [f"promotion from {wording.day(week.loc[promo, 'ds'].iloc[0])}"]
    if last_promo and not promo.all():
        return [f"no promotion from {wording.day(week.loc[~promo, 'ds'].iloc[0])}"]
    return []
