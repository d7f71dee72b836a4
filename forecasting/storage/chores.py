"""Daily chores: one row each, which says for which day it was taken on last, and whether it was finished."""

from datetime import date, datetime, timedelta

import sqlalchemy as sa

from forecasting.core.domain import Chore
from forecasting.storage.database import Database
from forecasting.storage.tables import daily_chore

RETAKEN_AFTER = timedelta(minutes=5)
"""A worker that has not finished a chore by then has died over it or broken it off."""


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
        """See `ports.Chores.begin`; it may be taken again after `RETAKEN_AFTER`."""
        mine = daily_chore.c.name == chore.value
        left = daily_chore.c.finished_at.is_(None) & (daily_chore.c.started_at <= at - RETAKEN_AFTER)
        free = (daily_chore.c.day < day) | ((daily_chore.c.day == day) & left)
        taken = {"day": day, "worker": worker, "started_at": at, "finished_at": None}
        with self._database.writing(alone=chore.value) as connection:
            if connection.execute(sa.update(daily_chore).where(mine, free).values(taken)).rowcount == 1:
                return True
            if connection.execute(sa.select(daily_chore.c.day).where(mine)).first() is not None:
                return False
            connection.execute(sa.insert(daily_chore).values(name=chore.value, **taken))
        return True

    def finish(self, chore: Chore, day: date, at: datetime) -> None:
        """See `ports.Chores.finish`."""
        mine = (daily_chore.c.name == chore.value) & (daily_chore.c.day == day)
        with self._database.writing() as connection:
            connection.execute(sa.update(daily_chore).where(mine).values(finished_at=at))
