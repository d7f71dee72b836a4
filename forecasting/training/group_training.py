"""The run of a group of stores that a remote engine trains together (docs/adr/0014-remote-engines.md).

The engine is polled until it is done. Between two polls the run waits in the ledger, and no worker waits with
it. Its inputs are those at the time it was first claimed, however long it takes.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from forecasting.core.domain import RefreshRun, Verdict
from forecasting.core.errors import EngineError, StorageError, UnknownSeries
from forecasting.core.ports import Checkpoints, RemoteJob, Ticket
from forecasting.refresh.run_outcome import RemoteWait, ReportProgress, RunOutcome
from forecasting.training.group_publisher import GroupPublisher
from forecasting.training.store_files import StoreFiles
from forecasting.training.store_group import StoreGroup

TICKET = "elsewhere"
"""The checkpoint under which a run's ticket is stored."""

LONGEST_WAIT = 10
"""The longest wait between two polls, as a multiple of the shortest."""

POLLS = 20
"""About how often a remote engine is polled until it is done."""


@dataclass(frozen=True, slots=True)
class GroupTraining:
    """Has a group of stores trained by a remote engine, and publishes its forecasts.

    Attributes
    ----------
    group
        The stores and their engine.
    publisher
        Makes the publications.
    checkpoints
        Store the ticket of each run.
    poll
        The shortest wait between two polls.
    """

    group: StoreGroup
    publisher: GroupPublisher
    checkpoints: Checkpoints
    poll: timedelta

    def __call__(self, run: RefreshRun, report_progress: ReportProgress) -> RunOutcome:
        """Do the next step of a run: start the job, poll it, or fetch and publish its forecasts.

        Raises
        ------
        StopRequested
            If the run is to be abandoned.
        ComputeLost
            If worker processes died.
        """
        report_progress(run, run.stage or "Starting", 0, 0)
        try:
            members = self.group.members(run.read_import)
            if run.verdict is Verdict.REFORECAST and self.group.up_to_date(members):
                return RunOutcome(run)
            return self._step(run, members, report_progress)
        except (EngineError, StorageError, UnknownSeries) as error:
            return RunOutcome(run, error=error)

    def _step(
        self, run: RefreshRun, members: Sequence[StoreFiles], report_progress: ReportProgress
    ) -> RunOutcome:
        engine, job = self.group.engine, self._job(run, members, report_progress)
        ticket = self._ticket(run)
        if ticket is None:
            ticket = engine.start(job)
            self._save(run, ticket)
        progress = engine.poll(job, ticket)
        if progress.ticket != ticket:
            self._save(run, progress.ticket)
        if not progress.ready:
            wait = RemoteWait(progress.stage, self._wait(progress.remaining), progress.remaining)
            return RunOutcome(run, waits_for=wait)
        report_progress(run, progress.stage, 0, 0)
        forecasts = engine.fetch(job, progress.ticket)
        return self.publisher.outcome(run, members, forecasts, report_progress)

    def _job(
        self, run: RefreshRun, members: Sequence[StoreFiles], report_progress: ReportProgress
    ) -> RemoteJob:
        """The job of a run; it reports each store it uploads."""

        def report(number: int) -> None:
            report_progress(run, "Sending data", number, len(members))

        return replace(
            self.group.job(members, run.requested_at, report),
            run_id=run.run_id,
            train=run.verdict is Verdict.RETRAIN,
            trained_before=run.trained_before,
        )

    def _ticket(self, run: RefreshRun) -> Ticket | None:
        """The stored ticket of a run; None if its job has not been started."""
        stored = self.checkpoints.read(run).get(TICKET)
        if stored is None:
            return None
        ticket: dict[str, str] = json.loads(stored)
        return ticket or None

    def _save(self, run: RefreshRun, ticket: Ticket) -> None:
        self.checkpoints.save(run, {TICKET: json.dumps(dict(ticket)).encode()})

    def _wait(self, remaining: timedelta | None) -> timedelta:
        """How long to wait before the next poll."""
        even = remaining / POLLS if remaining is not None else self.poll
        return max(self.poll, min(even, LONGEST_WAIT * self.poll))
