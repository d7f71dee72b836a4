"""Takes away what was made in AWS for a group of stores: what hangs on a thing before the thing, ours alone.

AWS deletes a little later than it is asked to. Each look lists what is left and begins to delete what nothing
hangs on any more, so that it can be gone on with whenever it was left.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.errors import EngineUnavailable
from forecasting.engines.aws_forecast.bucket import Bucket, Stored
from forecasting.engines.aws_forecast.connection import ForecastSession
from forecasting.engines.aws_forecast.data import KINDS
from forecasting.engines.aws_forecast.datasets import Datasets
from forecasting.engines.aws_forecast.faults import InUse, NotThere
from forecasting.engines.aws_forecast.group import find_group
from forecasting.engines.aws_forecast.jobs import (
    BACKTEST,
    FORECAST,
    FORECAST_EXPORT,
    IMPORT,
    PREDICTOR,
    Job,
    Kind,
)
from forecasting.engines.aws_forecast.names import Names
from forecasting.engines.aws_forecast.role import ServiceRole

GROUP = Kind("DatasetGroup", "dataset_group")
DATASET = Kind("Dataset", "dataset")

_DELETE_FAILED = "DELETE_FAILED"


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing in AWS.

    Attributes
    ----------
    made_of
        ARNs of what can't go before it.
    ours
        Whether it was made here, by its name.
    """

    kind: Kind
    job: Job
    made_of: tuple[str, ...]
    ours: bool

    @property
    def what(self) -> str:
        """What it is, in words."""
        return f"{self.kind.word.replace('_', ' ')} {self.job.name}"


@dataclass(frozen=True, slots=True)
class Left:
    """What is still there.

    Attributes
    ----------
    going
        What is ours and can be taken away, in the order in which it can.
    kept
        What somebody else made within the group, and what of ours that hangs on.
    """

    going: tuple[Thing, ...]
    kept: tuple[Thing, ...]


class TearDown:
    """Takes one group away.

    Parameters
    ----------
    session
        To AWS.
    settings
        Which group, bucket and role.
    """

    def __init__(self, session: ForecastSession, settings: AwsSettings) -> None:
        self._session = session
        self._settings = settings
        self._asked: set[str] = set()

    def left(self) -> Left:
        """Look what is still there in AWS Forecast."""
        held: set[str] = set()
        going, kept = [], []
        for thing in self._things():
            if thing.ours and thing.job.arn not in held:
                going.append(thing)
            else:
                kept.append(thing)
                held.update(thing.made_of)
        return Left(tuple(going), tuple(kept))

    def step(self) -> Left:
        """Begin to delete what nothing hangs on; what was still there before.

        Raises
        ------
        EngineUnavailable
            If AWS could not delete something.
        """
        left = self.left()
        needed = {arn for thing in left.going for arn in thing.made_of}
        for thing in left.going:
            if thing.job.arn not in needed:
                self._begin(thing)
        return left

    def stored(self) -> Stored:
        """What is in the bucket."""
        return Bucket(self._session, self._settings).stored()

    def clear(self) -> int:
        """Remove what is in the bucket, and tell how many objects that was."""
        return Bucket(self._session, self._settings).clear()

    def has_role(self) -> bool:
        """Whether there is a role that was made here.

        Raises
        ------
        NoAccess
            If the credentials may not look.
        """
        return not self._settings.role and ServiceRole(self._session, self._settings).exists()

    def remove_role(self) -> None:
        """Remove the role that was made here, if there is one."""
        if self.has_role():
            ServiceRole(self._session, self._settings).remove()

    def _begin(self, thing: Thing) -> None:
        job = thing.job
        if job.status == _DELETE_FAILED and job.arn in self._asked:
            raise EngineUnavailable(
                f"AWS Forecast could not delete the {thing.what}: {job.message or 'no reason given'}"
            )
        try:
            if job.busy:
                self._session.ask("stop_resource", ResourceArn=job.arn)
            elif job.deletable or job.status == _DELETE_FAILED:
                thing.kind.delete(self._session, job.arn)
                self._asked.add(job.arn)
        except (InUse, NotThere):
            return  # the next look tells

    def _things(self) -> Iterator[Thing]:
        """All there is in the group and its datasets, what hangs on a thing before the thing."""
        names = Names(self._settings.group)
        datasets = Datasets(self._session, names).found()
        arn = find_group(self._session, names)
        imports = [
            Thing(IMPORT, job, (dataset,), names.owns(job.name))
            for dataset in datasets.values()
            for job in IMPORT.listed(self._session, DatasetArn=dataset)
        ]
        if arn is not None:
            yield from self._trained(names, arn)
            below = (*(each.job.arn for each in imports), *datasets.values())
            yield from self._described(GROUP, arn, below)
        yield from imports
        for kind in KINDS:
            if kind in datasets:
                yield from self._described(DATASET, datasets[kind], ())

    def _described(self, kind: Kind, arn: str, below: tuple[str, ...]) -> Iterator[Thing]:
        """One thing of ours, unless it has gone meanwhile."""
        try:
            yield Thing(kind, kind.described(self._session, arn), below, ours=True)
        except NotThere:
            return

    def _trained(self, names: Names, group: str) -> Iterator[Thing]:
        predictors = PREDICTOR.listed(self._session, DatasetGroupArn=group)
        forecasts = FORECAST.listed(self._session, DatasetGroupArn=group)
        made_by = {
            job.arn: predictor.arn
            for predictor in predictors
            for job in FORECAST.listed(self._session, PredictorArn=predictor.arn)
        }
        for kind, parents, field_ in (
            (FORECAST_EXPORT, forecasts, "ForecastArn"),
            (BACKTEST, predictors, "PredictorArn"),
        ):
            for parent in parents:
                for job in kind.listed(self._session, **{field_: parent.arn}):
                    yield Thing(kind, job, (parent.arn,), names.owns(job.name))
        for job in forecasts:
            made_of = (made_by[job.arn], group) if job.arn in made_by else (group,)
            yield Thing(FORECAST, job, made_of, names.owns(job.name))
        for job in predictors:
            yield Thing(PREDICTOR, job, (group,), names.owns(job.name))


def counted(things: Sequence[Thing]) -> list[str]:
    """How many there are of each kind, in words."""
    kinds = dict.fromkeys(thing.kind.word for thing in things)
    counts = {word: sum(thing.kind.word == word for thing in things) for word in kinds}
    return [f"{count} {word.replace('_', ' ')}{'s' if count != 1 else ''}" for word, count in counts.items()]
