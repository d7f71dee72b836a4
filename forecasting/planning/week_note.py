"""Describe the coming week in a few words."""

from forecasting.core import wording
from forecasting.core.day_arrays import SeriesDays, day_of

WEEK = 7


def week_note(future: SeriesDays, *, last_promo: bool) -> str:
    """List what is special about the first seven days: closures, holidays, promotions.

    Parameters
    ----------
    future
        The days ahead.
    last_promo
        Whether a promotion was on at the cutoff.

    Returns
    -------
    str
        Such as ``closed Fri 19 Apr (Good Friday), promotion from Thu 4 Apr``; ``""`` for an ordinary week.
    """
    week = future[:WEEK]
    notes = []
    for day, holiday, is_open in zip(week.days.tolist(), week.holiday.tolist(), week.is_open, strict=True):
        if holiday:
            name, when = future.kinds[holiday], wording.day(day_of(day))
            notes.append(f"{name} {when}" if is_open else f"closed {when} ({name})")
    return ", ".join([*notes, *_promotion(week, last_promo=last_promo)])


def _promotion(week: SeriesDays, *, last_promo: bool) -> list[str]:
    promo = week.promo
    if promo.any() and not last_promo:
        return [f"promotion from {wording.day(day_of(int(week.days[promo][0])))}"]
    if last_promo and not promo.all():
        return [f"no promotion from {wording.day(day_of(int(week.days[~promo][0])))}"]
    return []
