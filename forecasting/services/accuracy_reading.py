"""How accurate forecasts were: backtests, and published forecasts compared with the sales that followed."""

from datetime import date, timedelta

import pandas as pd

from forecasting.core import schema
from forecasting.core.domain import ALL_ITEMS, Principal, SeriesKey
from forecasting.core.error_sums import ErrorSums
from forecasting.core.ports import Storage
from forecasting.evaluation.accuracy_report import AccuracyReport, accuracy_report
from forecasting.planning import recent_outcomes
from forecasting.planning.recent_outcomes import RecentOutcomes
from forecasting.planning.track_record import LEADS
from forecasting.services.visible_stores import VisibleStores

_TRACK = ["ds", "lead", "version", "engine", "y", *schema.VALUES, "is_open"]


class Accuracy:
    """Reads backtest results and the track record of published forecasts.

    Parameters
    ----------
    storage
        Port.
    stores
        The stores a principal may see.
    """

    def __init__(self, storage: Storage, stores: VisibleStores) -> None:
        self._storage = storage
        self._stores = stores

    def report(
        self,
        principal: Principal,
        *,
        region: str | None = None,
        store: str | None = None,
        item: str = ALL_ITEMS,
    ) -> AccuracyReport:
        """Add up the errors of the principal's stores, in backtests and as published.

        Parameters
        ----------
        region, store
            Restrict the report to a region or a store.
        item
            One product, or by default the stores' totals. Stores that do not sell it are left out.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        """
        predictors = self._storage.versions.head_predictors(self._stores.chosen(principal, region, store))
        track = self.track_sums(principal, region=region, store=store, item=item)
        return accuracy_report(predictors, track, store=store, item=item)

    def track_sums(
        self,
        principal: Principal,
        *,
        region: str | None = None,
        store: str | None = None,
        item: str = ALL_ITEMS,
        since: date | None = None,
    ) -> dict[int, ErrorSums]:
        """Add up the errors of published forecasts by lead time; a lead without scored days has zero sums.

        Parameters
        ----------
        region, store
            Restrict the sums to a region or a store.
        item
            One product, or by default the stores' totals.
        since
            The first day; None means every day that is kept.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        """
        chosen = self._stores.chosen(principal, region, store)
        sums = self._storage.track.sums(chosen, item=item, since=since)
        return {lead: sums.get(lead, ErrorSums()) for lead in LEADS}

    def track(self, principal: Principal, key: SeriesKey, since: date | None = None) -> pd.DataFrame:
        """Compare published forecasts of a series with the sales that followed.

        Parameters
        ----------
        since
            The first day; None means every day that is kept.

        Returns
        -------
        pandas.DataFrame
            ds, lead, version, engine, y, mean, q10, q50, q90, is_open; sorted by day, then by lead. Empty
            until sales have arrived for a forecast day.

        Raises
        ------
        UnknownSeries
            If the principal has no such store, or the store does not sell the product.
        """
        self._stores.series_file(principal, key)
        rows = self._storage.track.read([key.store], item=key.item, since=since)
        return rows.sort_values(["ds", "lead"], ignore_index=True)[_TRACK]

    def recent_outcomes(self, principal: Principal, key: SeriesKey) -> RecentOutcomes:
        """Compare the last days of a series with the forecasts published the day before each.

        Raises
        ------
        UnknownSeries
            If the principal has no such store, or the store does not sell the product.
        """
        last = self._stores.series_file(principal, key).last_ds
        since = last - timedelta(days=recent_outcomes.DAYS - 1)
        return recent_outcomes.judge_recent_days(
            self._storage.track.rows(key.store, key.item, recent_outcomes.LEAD, since), last
        )
