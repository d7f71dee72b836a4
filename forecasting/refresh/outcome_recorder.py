"""Write the outcome of a run to the ledger: published, failed, postponed, waiting or released."""

import threading
from dataclasses import dataclass

from forecasting.config.logs import get_logger
from forecasting.core.domain import RefreshRun, RunState
from forecasting.core.errors import ComputeLost, LeaseLost, StorecastError
from forecasting.core.pooled_priors import ChainPriors
from forecasting.core.ports import Clock, Publication, Storage
from forecasting.refresh.lifecycle import LeaseTerms, failure_message, next_wait
from forecasting.refresh.run_outcome import GroupPublication, RunOutcome, StopRequested

log = get_logger(__name__)

ALREADY_DONE = "Already up to date when its turn came: nothing was run"
"""The message of a run whose work another run has done in the meantime."""


@dataclass(frozen=True, slots=True)
class OutcomeRecorder:
    """Ends runs in the ledger. Every method raises `LeaseLost` if the worker no longer holds the run.

    Attributes
    ----------
    storage, clock
        Ports.
    terms
        The waits between attempts.
    stopping
        Set when the worker is to stop.
    """

    storage: Storage
    clock: Clock
    terms: LeaseTerms
    stopping: threading.Event

    def record(self, outcome: RunOutcome) -> None:
        """Write one outcome.

        Raises
        ------
        LeaseLost
            If the worker no longer holds the run.
        StateUnavailable
            If the ledger can't be written.
        """
        run, wait = outcome.run, outcome.waits_for
        if outcome.error is not None:
            self.fail_or_release(run, outcome.error)
        elif wait is not None:
            self.storage.claims.await_elsewhere(run, wait.stage, wait.wait, wait.remaining)
        elif outcome.publication is None:
            self.storage.claims.close(run, RunState.SUCCEEDED, ALREADY_DONE, self.clock.now())
        else:
            self._publish(run, outcome.publication)

    def fail_or_release(self, run: RefreshRun, error: BaseException | None) -> None:
        """Release a run that was interrupted by a stop; otherwise fail it, or postpone its next attempt.

        Parameters
        ----------
        error
            What ended the work; None if it ended without an outcome for this run.

        Raises
        ------
        LeaseLost
            If the worker no longer holds the run.
        StateUnavailable
            If the ledger can't be written.
        """
        interrupted = error is None or isinstance(error, ComputeLost)
        if isinstance(error, StopRequested) or (interrupted and self.stopping.is_set()):
            self.storage.claims.release(run)
        else:
            self._fail(run, error or RuntimeError("the training ended without an outcome for this run"))

    def _publish(self, run: RefreshRun, publication: Publication | ChainPriors | GroupPublication) -> None:
        """Publish. If the storage refuses the publication, the run has failed."""
        now = self.clock.now()
        try:
            if isinstance(publication, ChainPriors):
                self.storage.publications.publish_chain(run, publication, now)
                version = publication.chain_id
            elif isinstance(publication, GroupPublication):
                headers = self.storage.publications.publish_group(
                    run, publication.publications, publication.message, now
                )
                version = ", ".join(str(header.version) for header in headers)
            else:
                version = str(self.storage.publications.publish(run, publication, now).version)
        except LeaseLost:
            raise
        except StorecastError as error:
            self._fail(run, error)
        else:
            log.info("run published", run_id=run.run_id, scope=run.scope, version=version)

    def _fail(self, run: RefreshRun, error: BaseException) -> None:
        """Fail a run, or postpone it if the error may pass and it has attempts left."""
        message = failure_message(error, run.attempt, run.run_id)
        wait = next_wait(run.attempt, error, self.terms.first_wait, self.terms.jitter())
        about = {"run_id": run.run_id, "scope": run.scope, "attempt": run.attempt}
        if wait is None:
            log.error("run failed", **about, exc_info=error)
            self.storage.claims.close(run, RunState.FAILED, message, self.clock.now())
        else:
            log.warning("run postponed", **about, error=message, seconds=wait.total_seconds())
            self.storage.claims.postpone(run, message, wait)
