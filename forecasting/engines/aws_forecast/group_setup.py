"""Set up AWS for a group of stores: bucket, datasets, dataset group, role, and the first import.

Each step checks first what exists, so an interrupted setup continues when it is run again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.errors import EngineUnavailable
from forecasting.core.ports import RemoteJob, Ticket
from forecasting.engines.aws_forecast.aws_errors import NoAccess
from forecasting.engines.aws_forecast.aws_session import AwsSession
from forecasting.engines.aws_forecast.bucket import DataBucket
from forecasting.engines.aws_forecast.dataset_group import require_group
from forecasting.engines.aws_forecast.dataset_imports import DatasetImports
from forecasting.engines.aws_forecast.datasets import Datasets
from forecasting.engines.aws_forecast.resource_names import ResourceNames
from forecasting.engines.aws_forecast.resources import AwsResource
from forecasting.engines.aws_forecast.service_role import ServiceRole
from forecasting.engines.aws_forecast.time_series_rows import SeriesLayout

Report = Callable[[str], None]
"""Receives a sentence about what a step did."""

Pause = Callable[[timedelta], None]
"""Blocks for a duration."""

ROLE_DELAY = timedelta(seconds=10)
"""How long it may take until a new role is known everywhere in AWS."""


@dataclass(frozen=True, slots=True)
class GroupSetup:
    """Sets up one group.

    Attributes
    ----------
    session
        The session with AWS.
    settings
        Group, bucket and role.
    report, pause
        See `Report` and `Pause`.
    """

    session: AwsSession
    settings: AwsSettings
    report: Report
    pause: Pause

    def begin(self, layout: SeriesLayout, job: RemoteJob) -> Ticket:
        """Create what is missing, send the history and start its imports; return their ticket.

        Raises
        ------
        EngineUnavailable
            If AWS rejects a request, or an existing resource does not fit.
        EngineBusy
            If the same command may succeed later.
        """
        self._ensure_bucket()
        self._ensure_datasets(layout)
        self._ensure_role()
        ticket = self._imports().begin(job)
        self.report("The history was sent, unless AWS already had it; the import is started")
        return ticket

    def poll_imports(self, ticket: Ticket) -> tuple[AwsResource, ...]:
        """Return the current state of the imports.

        Raises
        ------
        EngineUnavailable
            If an import failed.
        EngineBusy
            If AWS does not answer.
        """
        return self._imports().describe(ticket)

    def _ensure_bucket(self) -> None:
        created = DataBucket(self.session, self.settings).ensure()
        self._report_step(f"The bucket {self.settings.bucket}", created=created)

    def _ensure_datasets(self, layout: SeriesLayout) -> None:
        names = ResourceNames(self.settings.group)
        datasets = Datasets(self.session, names)
        created = datasets.ensure(layout)
        self._report_step(
            f"The datasets {names.target} and {names.related}", created=bool(created), plural=True
        )
        self._report_step(f"The dataset group {names.group}", created=datasets.ensure_group())

    def _ensure_role(self) -> None:
        """Create the role unless the settings name one; if that is not permitted, report what to ask for."""
        if self.settings.role:
            self.report(f"The role is the one from STORECAST_AWS_ROLE_ARN, {self.settings.role}")
            return
        group = require_group(self.session, ResourceNames(self.settings.group))
        role = ServiceRole.for_group(self.session, self.settings, group.arn)
        try:
            created = role.ensure()
        except NoAccess as error:
            self.report(role.manual_instructions())
            raise EngineUnavailable(
                f"STORECAST_AWS_ROLE_ARN: expected the ARN of a role, because these credentials may not "
                f"create '{role.name}' (its policies are printed above), found it empty"
            ) from error
        self._report_step(f"The role {role.name}", created=created)
        if created:
            self.pause(min(ROLE_DELAY, self.settings.poll))

    def _imports(self) -> DatasetImports:
        group = require_group(self.session, ResourceNames(self.settings.group))
        return DatasetImports(self.session, self.settings, group)

    def _report_step(self, what: str, *, created: bool, plural: bool = False) -> None:
        verb = "were" if plural else "was"
        self.report(f"{what} {verb} created" if created else f"{what} already existed")
