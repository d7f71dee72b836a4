"""Why a published forecast says what it says, and what changed since an earlier version."""

from dataclasses import replace
from datetime import date

import pandas as pd

from forecasting.core.domain import Principal, SeriesKey
from forecasting.core.errors import InvalidRequest
from forecasting.core.ports import Storage
from forecasting.planning.breakdown import Breakdown, break_down
from forecasting.planning.changes import ForecastChanges, VersionForecast, compare_versions
from forecasting.services.series_cache import SeriesCache
from forecasting.services.visible_stores import VisibleStores


class Explanations:
    """Explains published forecasts and compares versions.

    Parameters
    ----------
    storage
        Port.
    stores
        The stores a principal may see.
    cache
        Series that were read before.
    """

    def __init__(self, storage: Storage, stores: VisibleStores, cache: SeriesCache) -> None:
        self._storage = storage
        self._stores = stores
        self._cache = cache

    def why(
        self, principal: Principal, key: SeriesKey, version: int | None = None, day: date | None = None
    ) -> Breakdown:
        """Explain the days of a series in a published version.

        Parameters
        ----------
        version
            By default the newest.
        day
            Only this day; None means every day of the version.

        Raises
        ------
        UnknownSeries, NoForecastYet
            As `Forecasts.forecast`.
        InvalidRequest
            If the version belongs to another store, or the day is not one of its days.
        """
        header = self._stores.header(principal, key.store, version)
        rows = self._cache.forecast(key, header)
        explanation = self._storage.versions.reasons(header.version, key.item).why.get(key.item)
        explained = break_down(header.version, rows, explanation)
        if day is None:
            return explained
        if not (rows["ds"] == pd.Timestamp(day)).any():
            first, last = (f"{ds:%Y-%m-%d}" for ds in (rows["ds"].iloc[0], rows["ds"].iloc[-1]))
            raise InvalidRequest(f"{key}: expected a day from {first} to {last}, found {day}")
        return replace(explained, days=tuple(each for each in explained.days if each.ds == day))

    def changes(
        self,
        principal: Principal,
        key: SeriesKey,
        version: int | None = None,
        since_version: int | None = None,
    ) -> ForecastChanges:
        """Compare one published version of a series with an earlier one, and say what moved it.

        Parameters
        ----------
        version
            By default the newest.
        since_version
            The earlier version; by default the one before `version`.

        Raises
        ------
        UnknownSeries, NoForecastYet
            As `Forecasts.forecast`.
        InvalidRequest
            If a version belongs to another store or is no longer kept, or the two are in the wrong order.
        """
        header, versions = self._stores.header(principal, key.store, version), self._storage.versions
        since = since_version or versions.before(key.store, header.version)
        newest = self._cache.forecast(key, header)
        if since is None:
            return ForecastChanges(None, header.version)
        if self._stores.header(principal, key.store, since).version > header.version:
            raise InvalidRequest(f"{key}: expected a version before {header.version}, found {since}")
        headers = versions.line(key.store, since, header.version)
        frames = [*(self._cache.rows(each, key.item)[0] for each in headers[:-1]), newest]
        line = [VersionForecast.of(each.version, frame) for each, frame in zip(headers, frames, strict=True)]
        return compare_versions(
            line, [versions.reasons(each.version, key.item) for each in headers[1:]], key.item
        )
