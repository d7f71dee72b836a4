"""Sends stores' inputs to the bucket, and has AWS import them."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial

from forecasting.config.aws_settings import AwsSettings
from forecasting.config.logs import get_logger
from forecasting.core.errors import EngineUnavailable
from forecasting.core.ports import RemoteJob, Ticket
from forecasting.engines.aws_forecast.bucket_paths import address, data_key
from forecasting.engines.aws_forecast.connection import ForecastSession
from forecasting.engines.aws_forecast.data import (
    KINDS,
    RELATED,
    TARGET,
    TIMESTAMP_FORMAT,
    Identities,
    store_files,
)
from forecasting.engines.aws_forecast.group import DatasetGroup, role_arn
from forecasting.engines.aws_forecast.jobs import IMPORT, Job, begun
from forecasting.engines.aws_forecast.names import Names, is_candidate

PART = 64 * 2**20
"""Bytes of a file, about: AWS takes at most 500 of them."""

HORIZONS = 4
"""A history has to be this many times as long as the horizon of a new predictor (API reference of
CreateAutoPredictor)."""

TICKET = {TARGET: "target_import", RELATED: "related_import"}
"""What a ticket calls the imports, by kind of dataset."""

_log = get_logger(__name__)


class Imports:
    """The imports of one dataset group.

    Parameters
    ----------
    session
        To AWS.
    settings
        Where data is sent.
    group
        Where it is imported.
    """

    def __init__(self, session: ForecastSession, settings: AwsSettings, group: DatasetGroup) -> None:
        self._session = session
        self._settings = settings
        self._group = group
        names = Names(settings.group)
        self._names = {TARGET: names.target_import, RELATED: names.related_import}

    def begin(self, job: RemoteJob) -> Ticket:
        """Send and import what is not in the datasets now; ARNs of the imports.

        Raises
        ------
        EngineUnavailable
            If the history is too short for the horizon, or AWS refuses.
        InvalidRequest
            If two stores or products would be one there.
        """
        names = {kind: self._names[kind](job.inputs_hash) for kind in KINDS}
        found = {kind: self._current(kind, names[kind]) for kind in KINDS}
        missing = [kind for kind in KINDS if found[kind] is None]
        if missing:
            self._send(job)
        made = {kind: self._create(kind, names[kind], job) for kind in missing}
        there = {kind: current.arn for kind, current in found.items() if current}
        return {TICKET[kind]: {**there, **made}[kind] for kind in KINDS}

    def described(self, ticket: Ticket) -> tuple[Job, ...]:
        """How far those of a ticket are, of the target first.

        Raises
        ------
        EngineUnavailable
            If one failed.
        """
        words = {TARGET: "the import of sales", RELATED: "the import of the plan"}
        return tuple(
            IMPORT.described(self._session, ticket[TICKET[kind]]).require_good(words[kind]) for kind in KINDS
        )

    def _current(self, kind: str, name: str) -> Job | None:
        """What fills a dataset now or soon, if it is of this name: each import replaces the one before."""
        jobs = [job for job in self._listed(kind) if job.active or job.busy]
        return jobs[0] if jobs and is_candidate(jobs[0].name, name) else None

    def _listed(self, kind: str) -> list[Job]:
        return IMPORT.listed(self._session, DatasetArn=self._group.datasets[kind])

    def _create(self, kind: str, name: str, job: RemoteJob) -> str:
        source = {
            "Path": address(self._settings, self._key(job, kind)) + "/",
            "RoleArn": role_arn(self._settings, self._group.arn),
        }

        def create(free: str) -> str:
            answer = self._session.ask(
                "create_dataset_import_job",
                DatasetImportJobName=free,
                DatasetArn=self._group.datasets[kind],
                DataSource={"S3Config": source},
                TimestampFormat=TIMESTAMP_FORMAT,
                Format="CSV",
                ImportMode="FULL",
            )
            return str(answer["DatasetImportJobArn"])

        return begun(name, create, partial(self._listed, kind))

    def _send(self, job: RemoteJob) -> None:
        last = _last_day(job)
        parts = Parts(self._session, {kind: self._key(job, kind) for kind in KINDS})
        identities = Identities(self._group.layout)
        for store in job.inputs():
            for kind, text in store_files(store, identities, last + timedelta(days=job.horizon)):
                parts.add(kind, text)
        parts.finish()
        _log.info("data sent to AWS", run_id=job.run_id, bytes=parts.sent, last=str(last))

    def _key(self, job: RemoteJob, kind: str) -> str:
        return data_key(self._settings, job.requested_at, kind)


def _last_day(job: RemoteJob) -> date:
    """The last day of any store's sales, if the history is long enough.

    Raises
    ------
    EngineUnavailable
        If it is not.
    """
    spans = [(min(series.past.first for series in store.series), store.cutoff) for store in job.inputs()]
    if not spans:
        raise EngineUnavailable("AWS Forecast: expected sales of a store at least, found none")
    last = max(cutoff for _, cutoff in spans)
    days, wanted = (last - min(first for first, _ in spans)).days + 1, HORIZONS * job.horizon
    if job.train and days < wanted:
        raise EngineUnavailable(
            f"AWS Forecast: expected at least {wanted} days of history to train for {job.horizon}, "
            f"found {days}"
        )
    return last


class Parts:
    """Files of a dataset, put into the bucket as they fill up.

    Parameters
    ----------
    session
        To AWS.
    keys
        Their folder, by kind of dataset.
    """

    def __init__(self, session: ForecastSession, keys: Mapping[str, str]) -> None:
        self.sent = 0
        self._session = session
        self._keys = keys
        self._waiting = {kind: bytearray() for kind in keys}
        self._put: defaultdict[str, int] = defaultdict(int)

    def add(self, kind: str, text: str) -> None:
        """Add rows."""
        self._waiting[kind] += text.encode()
        if len(self._waiting[kind]) >= PART:
            self._flush(kind)

    def finish(self) -> None:
        """Put what is left."""
        for kind in self._keys:
            self._flush(kind)

    def _flush(self, kind: str) -> None:
        content = bytes(self._waiting[kind])
        self._waiting[kind].clear()
        if content:
            self._session.put(f"{self._keys[kind]}/part-{self._put[kind]:05d}.csv", content)
            self._put[kind] += 1
            self.sent += len(content)
