"""Which stores planners have reviewed, and which versions they have seen."""

from datetime import datetime

from forecasting.core.domain import Principal, Review, Visit
from forecasting.core.ports import Clock, Storage
from forecasting.services.visible_stores import VisibleStores


class StoreReviews:
    """Records reviews and visits.

    Parameters
    ----------
    storage, clock
        Ports.
    stores
        The stores a principal may see.
    """

    def __init__(self, storage: Storage, clock: Clock, stores: VisibleStores) -> None:
        self._storage = storage
        self._clock = clock
        self._stores = stores

    def review(self, principal: Principal, store: str) -> Review:
        """Mark the newest forecast of a store as reviewed, until a newer forecast or the next business day.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        NoForecastYet
            If the store has no forecast yet.
        """
        header, as_of = self._stores.header(principal, store, None), self._stores.as_of(principal)
        review = Review(store, header.version, as_of or header.cutoff, principal.name, self._clock.now())
        self._storage.reviews.record(review)
        return review

    def withdraw(self, principal: Principal, store: str) -> None:
        """Remove the review of a store.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        """
        self._stores.sales_file(principal, store)
        self._storage.reviews.withdraw(store)

    def visit(self, principal: Principal, store: str, version: int) -> Visit:
        """Record that the principal sees a version, and say which version they saw before it.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        InvalidRequest
            If there is no such version of it.
        """
        header = self._stores.header(principal, store, version)
        return self._storage.reviews.record_visit(principal.subject, store, header.version, self._clock.now())

    def pulse(self, principal: Principal) -> tuple[int, datetime | None]:
        """A value that changes whenever a store is marked as reviewed or a review is withdrawn."""
        del principal  # a count and an instant reveal nothing about a store
        return self._storage.reviews.pulse()
