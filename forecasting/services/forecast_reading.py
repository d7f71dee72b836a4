"""What a published forecast of one series says, and the sales before it."""

from collections.abc import Mapping

import pandas as pd

from forecasting.calendar.public_holidays import place_of, with_public_holidays
from forecasting.core import schema
from forecasting.core.day_arrays import SeriesDays, SeriesForecast
from forecasting.core.domain import (
    Predictor,
    Principal,
    SeriesKey,
    SeriesSummary,
    VersionHeader,
)
from forecasting.core.errors import UnknownSeries
from forecasting.core.ports import Storage
from forecasting.planning.alerts import Alert, alerts
from forecasting.planning.recent_outcomes import RecentOutcomes
from forecasting.services.accuracy_reading import Accuracy
from forecasting.services.series_cache import SeriesCache
from forecasting.services.visible_stores import VisibleStores

ALERT_DAYS = 35
"""Days of past sales that a forecast day is compared with."""


class Forecasts:
    """Reads published forecasts and the sales behind them.

    Parameters
    ----------
    storage
        Port.
    stores
        The stores a principal may see.
    cache
        Series that were read before.
    accuracy
        Says how the latest forecasts of a series turned out, for alerts.
    places
        The configured places of public holidays, as in `Settings.holidays`.
    """

    def __init__(
        self,
        storage: Storage,
        stores: VisibleStores,
        cache: SeriesCache,
        accuracy: Accuracy,
        places: Mapping[str, str],
    ) -> None:
        self._storage = storage
        self._stores = stores
        self._cache = cache
        self._accuracy = accuracy
        self._places = places

    def forecast(self, principal: Principal, key: SeriesKey, version: int | None = None) -> pd.DataFrame:
        """Read one series of a published version.

        Parameters
        ----------
        version
            By default the newest.

        Returns
        -------
        pandas.DataFrame
            `schema.STORE_FORECAST` of this item, one row a day.

        Raises
        ------
        UnknownSeries
            If the principal has no such store, or the version has no such product.
        NoForecastYet
            If the store has no forecast yet.
        InvalidRequest
            If the version belongs to another store.
        """
        return self._cache.forecast(key, self._stores.header(principal, key.store, version))

    def sales(self, principal: Principal, key: SeriesKey, days: int | None = None) -> pd.DataFrame:
        """Read the sales of one series (`schema.HISTORY`).

        Parameters
        ----------
        days
            How many days, counted back from the newest; None means the whole history.

        Raises
        ------
        UnknownSeries
            If the principal has no such store, or the store does not sell the product.
        """
        return self._sold(principal, key, days).history()

    def alerts(
        self,
        principal: Principal,
        key: SeriesKey,
        version: int | None = None,
        record: RecentOutcomes | None = None,
    ) -> list[Alert]:
        """List what a planner should know before reading a forecast: at most three, the most urgent first.

        Parameters
        ----------
        version
            By default the newest.
        record
            What `Accuracy.recent_outcomes` says of the series, where the caller has it already.

        Raises
        ------
        UnknownSeries, NoForecastYet, InvalidRequest
            As `forecast`.
        """
        rows = self.forecast(principal, key, version)
        region = self._stores.sales_file(principal, key.store).region
        place = place_of(key.store, region, self._places)
        past = with_public_holidays(self._sold(principal, key, ALERT_DAYS), place)
        ahead = SeriesDays.from_checked_frame(rows)
        forecast = SeriesForecast(ahead.days, *(rows[name].to_numpy() for name in schema.VALUES))
        return alerts(past, ahead, forecast, record or self._accuracy.recent_outcomes(principal, key))

    def version(self, principal: Principal, store: str, version: int) -> VersionHeader:
        """The header of one version of a store.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        InvalidRequest
            If there is no such version of it.
        """
        return self._stores.header(principal, store, version)

    def version_before(self, principal: Principal, store: str, version: int) -> int | None:
        """The number of a store's previous version; None if there is none or it is no longer kept.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        """
        self._stores.sales_file(principal, store)
        return self._storage.versions.before(store, version)

    def versions(self, principal: Principal, store: str, limit: int = 30) -> list[VersionHeader]:
        """The headers of a store's newest versions, newest first; empty before the first forecast.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        """
        self._stores.sales_file(principal, store)
        return self._storage.versions.headers(store, limit)

    def summary(self, principal: Principal, key: SeriesKey) -> SeriesSummary | None:
        """The summary row of one series in the newest version; None without one.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        """
        self._stores.sales_file(principal, key.store)
        rows = self._storage.versions.summaries([key.store]).get(key.store, ())
        return next((row for row in rows if row.item == key.item), None)

    def predictor(self, principal: Principal, store: str, version: int | None = None) -> Predictor:
        """The predictor behind a version of a store, by default the newest.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        NoForecastYet
            If the store has no forecast yet.
        InvalidRequest
            If there is no such version of it.
        """
        header = self._stores.header(principal, store, version)
        return self._storage.versions.predictor(header.predictor_id)

    def export(self, principal: Principal) -> pd.DataFrame:
        """Read every day of every series of the newest versions.

        Returns
        -------
        pandas.DataFrame
            store, item, ds, mean, q10, q50, q90, engine, cutoff, version; stores in natural order.
        """
        columns = ["store", "item", "ds", *schema.VALUES, "engine", "cutoff", "version"]
        heads = [each.head for each in self._stores.snapshots(principal) if each.head is not None]
        frames = [
            self._storage.versions.read(head.version).assign(
                store=head.store, cutoff=pd.Timestamp(head.cutoff), version=head.version
            )
            for head in heads
        ]
        return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)

    def _sold(self, principal: Principal, key: SeriesKey, days: int | None) -> SeriesDays:
        series = self._cache.sold(self._stores.sales_file(principal, key.store), key.item)
        if series is None:
            raise UnknownSeries(f"{key}: expected sales history, found none")
        return series if days is None else series[series.days > series.days[-1] - days]
