"""What there is to see of one store and of one of its series: the greater part of what pages look at.

Every method takes the `Principal` who asks and answers only for the stores that principal may see; for
others a store does not exist.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache

import pandas as pd

from forecasting.calendar.store_totals import total_of
from forecasting.config.settings import Settings
from forecasting.core import schema
from forecasting.core.day_arrays import SeriesDays, SeriesForecast
from forecasting.core.domain import (
    ALL_ITEMS,
    HistoryFile,
    Predictor,
    Principal,
    SeriesKey,
    SeriesSummary,
    StoreSnapshot,
    VersionHeader,
    natural_order,
)
from forecasting.core.errors import InvalidRequest, NoForecastYet, UnknownSeries
from forecasting.core.ports import SalesHistory, Storage
from forecasting.planning import recent_outcomes
from forecasting.planning.alerts import Alert, alerts
from forecasting.planning.breakdown import Breakdown, break_down
from forecasting.planning.changes import ForecastChanges, VersionForecast, compare_versions
from forecasting.planning.recent_outcomes import RecentOutcomes
from forecasting.refresh.group_scopes import GroupRuns

ALERT_DAYS = 35
"""Days of sales that a day to come is compared with."""

SERIES_KEPT = 300
"""Series of versions, and of history files, that are kept as they were read: neither ever changes. Three
years of a series are 40 kB."""

_TRACK = ["ds", "lead", "version", "engine", "y", *schema.VALUES, "is_open"]


class SeriesReader:
    """Everything there is to see of one store.

    Parameters
    ----------
    history, storage
        Ports.
    settings
        Which stores are trained together.
    """

    def __init__(self, history: SalesHistory, storage: Storage, settings: Settings) -> None:
        self._history = history
        self._storage = storage
        self._groups = GroupRuns(storage.runs, settings)
        self._rows_of = lru_cache(SERIES_KEPT)(self._read_rows)
        self._sold_of = lru_cache(SERIES_KEPT)(self._read_sold)

    def forecast(self, principal: Principal, key: SeriesKey, version: int | None = None) -> pd.DataFrame:
        """One series of a published version, by default the newest.

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
            If the version is another store's.
        """
        header = self._header(principal, key.store, version)
        return self._rows(key, header)

    def why(
        self, principal: Principal, key: SeriesKey, version: int | None = None, day: date | None = None
    ) -> Breakdown:
        """What the days of a series are made of, in a published version; by default all of the newest.

        Raises
        ------
        UnknownSeries, NoForecastYet
            As `forecast`.
        InvalidRequest
            If the version is another store's, or the day is not one of its days.
        """
        header = self._header(principal, key.store, version)
        rows = self._rows(key, header)
        told = break_down(
            header.version, rows, self._storage.versions.reasons(header.version, key.item).why.get(key.item)
        )
        if day is None:
            return told
        if not (rows["ds"] == pd.Timestamp(day)).any():
            first, last = (f"{ds:%Y-%m-%d}" for ds in (rows["ds"].iloc[0], rows["ds"].iloc[-1]))
            raise InvalidRequest(f"{key}: expected a day from {first} to {last}, found {day}")
        return replace(told, days=tuple(each for each in told.days if each.ds == day))

    def changes(
        self,
        principal: Principal,
        key: SeriesKey,
        version: int | None = None,
        since_version: int | None = None,
    ) -> ForecastChanges:
        """What changed of a series from one published version to another, and what moved it.

        Parameters
        ----------
        version
            By default the newest.
        since_version
            By default the one before that.

        Raises
        ------
        UnknownSeries, NoForecastYet
            As `forecast`.
        InvalidRequest
            If one of them is another store's or is not kept any more, or they are not in this order.
        """
        header, versions = self._header(principal, key.store, version), self._storage.versions
        since = since_version or versions.before(key.store, header.version)
        newest = self._rows(key, header)
        if since is None:
            return ForecastChanges(None, header.version)
        if self._header(principal, key.store, since).version > header.version:
            raise InvalidRequest(f"{key}: expected a version before {header.version}, found {since}")
        headers = versions.line(key.store, since, header.version)
        frames = [*(self._rows_of(each, key.item)[0] for each in headers[:-1]), newest]
        line = [VersionForecast.of(each.version, frame) for each, frame in zip(headers, frames, strict=True)]
        return compare_versions(
            line, [versions.reasons(each.version, key.item) for each in headers[1:]], key.item
        )

    def sales(self, principal: Principal, key: SeriesKey, days: int | None = None) -> pd.DataFrame:
        """Sales of one series (`schema.HISTORY`), by default all of it, else its last `days` days.

        Raises
        ------
        UnknownSeries
            If the principal has no such store or product.
        """
        return self._sold(principal, key, days).history()

    def version(self, principal: Principal, store: str, version: int) -> VersionHeader:
        """The header of one version of a store.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        InvalidRequest
            If there is no such version of it.
        """
        return self._header(principal, store, version)

    def version_before(self, principal: Principal, store: str, version: int) -> int | None:
        """The version of a store before one of them; None where there is none, or it is not kept.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        """
        self._sales_file(principal, store)
        return self._storage.versions.before(store, version)

    def versions(self, principal: Principal, store: str, limit: int = 30) -> list[VersionHeader]:
        """The headers of a store's newest versions, newest first; empty before the first.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        """
        self._sales_file(principal, store)
        return self._storage.versions.headers(store, limit)

    def summary(self, principal: Principal, key: SeriesKey) -> SeriesSummary | None:
        """The summary row of one series of the newest version, or None."""
        self._sales_file(principal, key.store)
        rows = self._storage.versions.summaries([key.store]).get(key.store, ())
        return next((row for row in rows if row.item == key.item), None)

    def predictor(self, principal: Principal, store: str, version: int | None = None) -> Predictor:
        """The predictor behind a version of a store, by default the newest.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        InvalidRequest
            If there is no such version of it, or none yet.
        """
        return self._storage.versions.predictor(self._header(principal, store, version).predictor_id)

    def track(self, principal: Principal, key: SeriesKey, since: date | None = None) -> pd.DataFrame:
        """What published forecasts said about the days of a series that have come since.

        Returns
        -------
        pandas.DataFrame
            ds, lead, version, engine, y, mean, q10, q50, q90, is_open; the newest day last, each day by
            lead. Empty until a day has come that was forecast.

        Raises
        ------
        UnknownSeries
            If the principal has no such store or product.
        """
        self._series_file(principal, key)
        rows = self._storage.track.read([key.store], item=key.item, since=since)
        return rows.sort_values(["ds", "lead"], ignore_index=True)[_TRACK]

    def trust(self, principal: Principal, key: SeriesKey) -> RecentOutcomes:
        """How the last days of a series came out, against what was published the day before each.

        Raises
        ------
        UnknownSeries
            If the principal has no such store or product.
        """
        last = self._series_file(principal, key).last_ds
        since = last - timedelta(days=recent_outcomes.DAYS - 1)
        return recent_outcomes.judge_recent_days(
            self._storage.track.rows(key.store, key.item, recent_outcomes.LEAD, since), last
        )

    def alerts(
        self,
        principal: Principal,
        key: SeriesKey,
        version: int | None = None,
        record: RecentOutcomes | None = None,
    ) -> list[Alert]:
        """What is worth knowing before a forecast is read, the most urgent first; at most three.

        Parameters
        ----------
        version
            By default the newest.
        record
            What `trust` says of the series, where that is known already.

        Raises
        ------
        UnknownSeries, NoForecastYet, InvalidRequest
            As `forecast`.
        """
        rows = self.forecast(principal, key, version)
        past = self._sold(principal, key, ALERT_DAYS)
        ahead = SeriesDays.from_checked_frame(rows)
        forecast = SeriesForecast(ahead.days, *(rows[name].to_numpy() for name in schema.VALUES))
        return alerts(past, ahead, forecast, record or self.trust(principal, key))

    def _rows(self, key: SeriesKey, header: VersionHeader) -> pd.DataFrame:
        rows, known = self._rows_of(header, key.item)
        if rows.empty:
            told = ", ".join(sorted(known, key=natural_order))
            raise UnknownSeries(f"{key}: expected one of the products {told}, found '{key.item}'")
        return rows.copy(deep=False)  # what is done to it does not reach what is kept

    def _read_rows(self, header: VersionHeader, item: str) -> tuple[pd.DataFrame, frozenset[str]]:
        """The rows of one item of a version, and which items it has.

        They are kept by the header, not by its number alone: under a running process a database may be
        replaced by another one.
        """
        frame = self._storage.versions.read(header.version)
        return frame[frame["item"] == item].reset_index(drop=True), frozenset(frame["item"])

    def _sold(self, principal: Principal, key: SeriesKey, days: int | None) -> SeriesDays:
        """What was sold of a series, all of it or in its last days."""
        series = self._sold_of(self._sales_file(principal, key.store), key.item)
        if series is None:
            raise UnknownSeries(f"{key}: expected sales history, found none")
        return series if days is None else series[series.days > series.days[-1] - days]

    def _read_sold(self, file: HistoryFile, item: str) -> SeriesDays | None:
        sold = self._history.days(file)
        return total_of(list(sold.values())) if item == ALL_ITEMS and item not in sold else sold.get(item)

    def _snapshot(self, principal: Principal, store: str) -> StoreSnapshot:
        snapshot = self._snapshots([store]).get(store)
        if snapshot is None or snapshot.sales is None or not principal.sees(store, snapshot.region):
            raise UnknownSeries(f"store '{store}': expected a store with sales history, found none")
        return snapshot

    def _snapshots(self, stores: Collection[str] | None = None) -> dict[str, StoreSnapshot]:
        """As of the ledger; those of a group with the runs of the group."""
        return self._groups.seen_in(self._storage.runs.snapshots(stores))

    def _sales_file(self, principal: Principal, store: str) -> HistoryFile:
        """The sales of a store that the principal may see, which is all that most looks need of it."""
        file = self._storage.manifest.head(store, "sales")
        if file is None or not principal.sees(store, file.region):
            raise UnknownSeries(f"store '{store}': expected a store with sales history, found none")
        return file

    def _series_file(self, principal: Principal, key: SeriesKey) -> HistoryFile:
        """The sales of the store of a series that there are sales of."""
        file = self._sales_file(principal, key.store)
        if key.item not in (ALL_ITEMS, *file.items):
            raise UnknownSeries(f"{key}: expected sales history, found none")
        return file

    def _header(self, principal: Principal, store: str, version: int | None) -> VersionHeader:
        if version is None:
            header = self._snapshot(principal, store).head
        else:
            self._sales_file(principal, store)
            header = self._storage.versions.header(version)
        if header is None:
            raise NoForecastYet(f"store '{store}': expected a forecast, found none yet")
        if header.store != store:
            raise InvalidRequest(
                f"version {version}: expected a version of store {store}, found another store's"
            )
        return header
