"""Daily chores: one row each, with the day it was last begun for and whether it was finished."""

from datetime import date, datetime, timedelta

import sqlalchemy as sa

from forecasting.core.domain import Chore
from forecasting.storage.database import Database
from forecasting.storage.tables import daily_chore

RETAKEN_AFTER = timedelta(minutes=5)
"""A chore not finished by then is taken to be abandoned: its worker died or stopped."""


class SqlChores:
    """Hands out each chore once a day (`ports.Chores`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self, chore: Chore) -> date | None:
        """See `ports.Chores.last`."""
        done = (daily_chore.c.name == chore.value) & daily_chore.c.finished_at.is_not(None)
        with self._database.reading() as connection:
            day: date | None = connection.execute(sa.select(daily_chore.c.day).where(done)).scalar()
        return day

    def begin(self, chore: Chore, day: date, worker: str, at: datetime) -> bool:
        """See `ports.Chores.begin`; an abandoned chore may be begun again after `RETAKEN_AFTER`."""
        this_chore = daily_chore.c.name == chore.value
        abandoned = daily_chore.c.finished_at.is_(None) & (daily_chore.c.started_at <= at - RETAKEN_AFTER)
        free = (daily_chore.c.day < day) | ((daily_chore.c.day == day) & abandoned)
        taken = {"day": day, "worker": worker, "started_at": at, "finished_at": None}
        with self._database.writing(alone=chore.value) as connection:
            if connection.execute(sa.update(daily_chore).where(this_chore, free).values(taken)).rowcount == 1:
                return True
            if connection.execute(sa.select(daily_chore.c.day).where(this_chore)).first() is not None:
                return False
            connection.execute(sa.insert(daily_chore).values(name=chore.value, **taken))
        return True

    def finish(self, chore: Chore, day: date, at: datetime) -> None:
        """See `ports.Chores.finish`."""
        this_day = (daily_chore.c.name == chore.value) & (daily_chore.c.day == day)
        with self._database.writing() as connection:
            connection.execute(sa.update(daily_chore).where(this_day).values(finished_at=at))
