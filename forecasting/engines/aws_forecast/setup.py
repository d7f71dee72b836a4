"""Sets AWS up for a group of stores: the bucket, the datasets and their group, the role, the first import.

Each step looks first: what is there is not made again, and what an earlier attempt left is gone on with.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.errors import EngineUnavailable
from forecasting.core.ports import RemoteJob, Ticket
from forecasting.engines.aws_forecast.bucket import Bucket
from forecasting.engines.aws_forecast.connection import ForecastSession
from forecasting.engines.aws_forecast.data import Layout
from forecasting.engines.aws_forecast.datasets import Datasets
from forecasting.engines.aws_forecast.faults import NoAccess
from forecasting.engines.aws_forecast.group import require_group
from forecasting.engines.aws_forecast.imports import Imports
from forecasting.engines.aws_forecast.jobs import Job
from forecasting.engines.aws_forecast.names import Names
from forecasting.engines.aws_forecast.role import ServiceRole

Told = Callable[[str], None]
"""Is told, in a sentence, what a step did."""

Pause = Callable[[timedelta], None]
"""Waits."""

RIPE = timedelta(seconds=10)
"""How long after it was made a role may not be known everywhere in AWS."""


@dataclass(frozen=True, slots=True)
class SetUp:
    """Sets up one group.

    Attributes
    ----------
    session
        To AWS.
    settings
        What is set up.
    told, pause
        As their types say.
    """

    session: ForecastSession
    settings: AwsSettings
    told: Told
    pause: Pause

    def begin(self, layout: Layout, job: RemoteJob) -> Ticket:
        """Make what is missing, send the history and have it imported; what the imports are.

        Raises
        ------
        EngineUnavailable
            If AWS refuses, or what is there is something else.
        EngineBusy
            If the same may well succeed a little later.
        """
        self._make_bucket()
        self._make_datasets(layout)
        self._make_role()
        ticket = self._imports().begin(job)
        self.told("The history is there, and AWS imports what it does not have yet")
        return ticket

    def look(self, ticket: Ticket) -> tuple[Job, ...]:
        """How far the imports are.

        Raises
        ------
        EngineUnavailable
            If one failed.
        EngineBusy
            If AWS does not answer now.
        """
        return self._imports().described(ticket)

    def _make_bucket(self) -> None:
        made = Bucket(self.session, self.settings).ensure()
        self._tell(f"The bucket {self.settings.bucket}", made=made)

    def _make_datasets(self, layout: Layout) -> None:
        names = Names(self.settings.group)
        datasets = Datasets(self.session, names)
        made = datasets.ensure(layout)
        self._tell(f"The datasets {names.target} and {names.related}", made=bool(made), many=True)
        self._tell(f"The dataset group {names.group}", made=datasets.ensure_group())

    def _make_role(self) -> None:
        """Make the role unless one is set; where that is not permitted tell what somebody else can do."""
        if self.settings.role:
            self.told(f"The role is the one that is set, {self.settings.role}")
            return
        group = require_group(self.session, Names(self.settings.group))
        role = ServiceRole.beside(self.session, self.settings, group.arn)
        try:
            made = role.ensure()
        except NoAccess as error:
            self.told(role.by_hand())
            raise EngineUnavailable(
                f"STORECAST_AWS_ROLE_ARN: expected a role, as these credentials may not make '{role.name}' "
                "(the policies it needs are told above), found it empty"
            ) from error
        self._tell(f"The role {role.name}", made=made)
        if made:
            self.pause(min(RIPE, self.settings.poll))

    def _imports(self) -> Imports:
        group = require_group(self.session, Names(self.settings.group))
        return Imports(self.session, self.settings, group)

    def _tell(self, what: str, *, made: bool, many: bool = False) -> None:
        verb = "were" if many else "was"
        self.told(f"{what} {verb} made" if made else f"{what} {verb} there already")
