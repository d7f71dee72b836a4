"""Reviews, one row per store, and visits, one row per person and store."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from forecasting.core.domain import Review, Visit
from forecasting.storage.database import Database
from forecasting.storage.tables import store_review, store_visit


class SqlReviews:
    """Stores reviews and visits (`ports.Reviews`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, review: Review) -> None:
        """See `ports.Reviews.record`."""
        values = {"version": review.version, "as_of": review.as_of, "by": review.by, "at": review.at}
        this_store = store_review.c.store == review.store
        with self._database.writing(alone=f"review {review.store}") as connection:
            changed = connection.execute(sa.update(store_review).where(this_store).values(values))
            if not changed.rowcount:
                connection.execute(sa.insert(store_review).values(store=review.store, **values))

    def withdraw(self, store: str) -> None:
        """See `ports.Reviews.withdraw`."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(store_review).where(store_review.c.store == store))

    def read(self, stores: Collection[str] | None = None) -> dict[str, Review]:
        """See `ports.Reviews.read`."""
        with self._database.reading() as connection:
            if stores is None:
                rows = connection.execute(_REVIEWS).all()
            else:
                rows = connection.execute(_REVIEWS_OF, {"stores": list(stores)}).all()
        return {row.store: Review(row.store, row.version, row.as_of, row.by, row.at) for row in rows}

    def pulse(self) -> tuple[int, datetime | None]:
        """See `ports.Reviews.pulse`."""
        query = sa.select(sa.func.count(), sa.func.max(store_review.c.at))
        with self._database.reading() as connection:
            number, newest = connection.execute(query).one()
        return number, newest

    def record_visit(self, subject: str, store: str, version: int, at: datetime) -> Visit:
        """See `ports.Reviews.record_visit`."""
        with self._database.reading() as connection:
            known = _visit(connection, subject, store)
        if known is not None and known.version == version:
            return known
        with self._database.writing(alone=f"visit {subject} {store}") as connection:
            known = _visit(connection, subject, store)
            if known is not None and known.version == version:  # recorded by another page of this person
                return known
            now = Visit(version, at, known.version if known else None)
            values = {"version": version, "at": at, "before": now.before}
            if known is None:
                connection.execute(sa.insert(store_visit).values(subject=subject, store=store, **values))
            else:
                this_visit = (store_visit.c.subject == subject) & (store_visit.c.store == store)
                connection.execute(sa.update(store_visit).where(this_visit).values(values))
        return now


# Built once, because a store's page runs them each time it is drawn.
_REVIEWS = sa.select(store_review)
_ASKED: sa.BindParameter[list[str]] = sa.bindparam("stores", expanding=True)
_REVIEWS_OF = _REVIEWS.where(store_review.c.store.in_(_ASKED))
_VISIT = sa.select(store_visit).where(
    store_visit.c.subject == sa.bindparam("subject"), store_visit.c.store == sa.bindparam("store")
)


def _visit(connection: sa.Connection, subject: str, store: str) -> Visit | None:
    row = connection.execute(_VISIT, {"subject": subject, "store": store}).one_or_none()
    return None if row is None else Visit(row.version, row.at, row.before)
