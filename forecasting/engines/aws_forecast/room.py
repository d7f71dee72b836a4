"""Deletes what is not needed any more: of ours alone, what hangs on a thing before the thing.

AWS deletes a little later than it is asked to, so a thing goes with one look and its parent with a later one.
"""

from collections.abc import Collection, Iterator

from forecasting.config.logs import get_logger
from forecasting.engines.aws_forecast.connection import ForecastSession
from forecasting.engines.aws_forecast.faults import InUse, NotThere
from forecasting.engines.aws_forecast.jobs import BACKTEST, FORECAST, FORECAST_EXPORT, PREDICTOR, Job, Kind
from forecasting.engines.aws_forecast.names import Names

KEPT = 2
"""Good predictors that are kept."""

CHILDREN = {
    "predictor": ((FORECAST, "PredictorArn"), (BACKTEST, "PredictorArn")),
    "forecast": ((FORECAST_EXPORT, "ForecastArn"),),
}
"""What may hang on a thing, and the field it is found by."""

_log = get_logger(__name__)


class Room:
    """What we have in a dataset group.

    Parameters
    ----------
    session
        To AWS.
    names
        Which of it is ours.
    group_arn
        The dataset group.
    """

    def __init__(self, session: ForecastSession, names: Names, group_arn: str) -> None:
        self._session = session
        self._names = names
        self._group = group_arn

    def for_forecast(self) -> bool:
        """Begin to delete our oldest forecast, unless one is going already; False: there is none."""
        ours = self._ours(FORECAST)
        if any(job.deleting for job in ours):
            return True
        oldest_first = (job for job in reversed(ours) if job.deletable)
        return any(self._begin(FORECAST, job) for job in oldest_first)

    def of_old_predictors(self, keep: Collection[str]) -> list[Job]:
        """Begin to delete our predictors older than the newest two good ones; those that are left of them."""
        ours = self._ours(PREDICTOR)
        good = [job for job in ours if job.active]
        if len(good) < KEPT:
            return []
        old = [job for job in ours if job.created_at < good[KEPT - 1].created_at and job.arn not in keep]
        for job in old:
            if job.deletable:
                self._begin(PREDICTOR, job)
        return old

    def _ours(self, kind: Kind) -> list[Job]:
        listed = kind.listed(self._session, DatasetGroupArn=self._group)
        return [job for job in listed if self._names.owns(job.name)]

    def _begin(self, kind: Kind, job: Job) -> bool:
        """Delete it, or what hangs on it; False where something foreign does or AWS works on it."""
        children = list(self._children(kind, job))
        if not all(self._names.owns(child.name) for _, child in children):
            return False
        try:
            for below, child in children:
                if child.deletable:
                    self._begin(below, child)
            if not children:
                kind.delete(self._session, job.arn)
                _log.info("deleted in AWS", kind=kind.word, name=job.name)
        except NotThere:
            return True
        except InUse:
            return False
        return True

    def _children(self, kind: Kind, job: Job) -> Iterator[tuple[Kind, Job]]:
        for below, key in CHILDREN.get(kind.word, ()):
            for child in below.listed(self._session, **{key: job.arn}):
                yield below, child
