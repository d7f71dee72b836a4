"""Send the stores' inputs to the bucket, and have AWS import them."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial

from forecasting.config.aws_settings import AwsSettings
from forecasting.config.logs import get_logger
from forecasting.core.errors import EngineUnavailable
from forecasting.core.ports import RemoteJob, Ticket
from forecasting.engines.aws_forecast.aws_session import AwsSession
from forecasting.engines.aws_forecast.bucket_paths import data_key, s3_uri
from forecasting.engines.aws_forecast.dataset_group import DatasetGroup, role_arn
from forecasting.engines.aws_forecast.resource_names import ResourceNames, is_candidate
from forecasting.engines.aws_forecast.resources import IMPORT, AwsResource, create_once
from forecasting.engines.aws_forecast.time_series_rows import (
    KINDS,
    RELATED,
    TARGET,
    TIMESTAMP_FORMAT,
    SeriesIds,
    store_files,
)

PART = 64 * 2**20
"""Approximate bytes of one file; AWS accepts at most 500 files."""

HORIZONS = 4
"""A new predictor needs a history this many times as long as its horizon (API reference of
CreateAutoPredictor)."""

TICKET_KEYS = {TARGET: "target_import", RELATED: "related_import"}
"""Keys of the imports' ARNs in a ticket, by kind of dataset."""

_log = get_logger(__name__)


class DatasetImports:
    """The imports of one dataset group.

    Parameters
    ----------
    session
        The session with AWS.
    settings
        The bucket that data is sent to.
    group
        The dataset group that imports it.
    """

    def __init__(self, session: AwsSession, settings: AwsSettings, group: DatasetGroup) -> None:
        self._session = session
        self._settings = settings
        self._group = group
        names = ResourceNames(settings.group)
        self._names = {TARGET: names.target_import, RELATED: names.related_import}

    def begin(self, job: RemoteJob) -> Ticket:
        """Send and import the data that the datasets do not have; return the ARNs of the imports.

        Raises
        ------
        EngineUnavailable
            If the history is too short for the horizon, or AWS rejects a request.
        InvalidRequest
            If two stores or products would have the same name in AWS.
        """
        names = {kind: self._names[kind](job.inputs_hash) for kind in KINDS}
        found = {kind: self._current(kind, names[kind]) for kind in KINDS}
        missing = [kind for kind in KINDS if found[kind] is None]
        if missing:
            self._send(job)
        created = {kind: self._create(kind, names[kind], job) for kind in missing}
        existing = {kind: current.arn for kind, current in found.items() if current}
        return {TICKET_KEYS[kind]: {**existing, **created}[kind] for kind in KINDS}

    def describe(self, ticket: Ticket) -> tuple[AwsResource, ...]:
        """Return the current state of a ticket's imports, the target first.

        Raises
        ------
        EngineUnavailable
            If an import failed.
        """
        words = {TARGET: "the import of sales", RELATED: "the import of the plan"}
        return tuple(
            IMPORT.describe(self._session, ticket[TICKET_KEYS[kind]]).require_not_failed(words[kind])
            for kind in KINDS
        )

    def _current(self, kind: str, name: str) -> AwsResource | None:
        """Return the newest import of a dataset, which replaces all others, if it has this name."""
        jobs = [job for job in self._listed(kind) if job.active or job.busy]
        return jobs[0] if jobs and is_candidate(jobs[0].name, name) else None

    def _listed(self, kind: str) -> list[AwsResource]:
        return IMPORT.list_all(self._session, DatasetArn=self._group.datasets[kind])

    def _create(self, kind: str, name: str, job: RemoteJob) -> str:
        source = {
            "Path": s3_uri(self._settings, self._key(job, kind)) + "/",
            "RoleArn": role_arn(self._settings, self._group.arn),
        }

        def create(name: str) -> str:
            answer = self._session.call(
                "create_dataset_import_job",
                DatasetImportJobName=name,
                DatasetArn=self._group.datasets[kind],
                DataSource={"S3Config": source},
                TimestampFormat=TIMESTAMP_FORMAT,
                Format="CSV",
                ImportMode="FULL",
            )
            return str(answer["DatasetImportJobArn"])

        return create_once(name, create, partial(self._listed, kind))

    def _send(self, job: RemoteJob) -> None:
        last = _last_day(job)
        parts = PartWriter(self._session, {kind: self._key(job, kind) for kind in KINDS})
        ids = SeriesIds(self._group.layout)
        for store in job.inputs():
            for kind, text in store_files(store, ids, last + timedelta(days=job.horizon)):
                parts.add(kind, text)
        parts.finish()
        _log.info("data sent to AWS", run_id=job.run_id, bytes=parts.sent, last=str(last))

    def _key(self, job: RemoteJob, kind: str) -> str:
        return data_key(self._settings, job.requested_at, kind)


def _last_day(job: RemoteJob) -> date:
    """Return the last day of any store's sales.

    Raises
    ------
    EngineUnavailable
        If the history is too short to train.
    """
    spans = [(min(series.past.first for series in store.series), store.cutoff) for store in job.inputs()]
    if not spans:
        raise EngineUnavailable("AWS Forecast: expected sales of at least one store, found none")
    last = max(cutoff for _, cutoff in spans)
    days, wanted = (last - min(first for first, _ in spans)).days + 1, HORIZONS * job.horizon
    if job.train and days < wanted:
        raise EngineUnavailable(
            f"AWS Forecast: expected at least {wanted} days of history to forecast {job.horizon} days, "
            f"found {days}"
        )
    return last


class PartWriter:
    """Writes the rows of the datasets to the bucket, in files of about `PART` bytes.

    Parameters
    ----------
    session
        The session with AWS.
    keys
        Folder of each dataset's files, by kind.

    Attributes
    ----------
    sent
        Bytes written so far.
    """

    def __init__(self, session: AwsSession, keys: Mapping[str, str]) -> None:
        self.sent = 0
        self._session = session
        self._keys = keys
        self._buffers = {kind: bytearray() for kind in keys}
        self._file_counts: defaultdict[str, int] = defaultdict(int)

    def add(self, kind: str, text: str) -> None:
        """Add rows, and write a file when it is full."""
        self._buffers[kind] += text.encode()
        if len(self._buffers[kind]) >= PART:
            self._flush(kind)

    def finish(self) -> None:
        """Write the remaining rows."""
        for kind in self._keys:
            self._flush(kind)

    def _flush(self, kind: str) -> None:
        content = bytes(self._buffers[kind])
        self._buffers[kind].clear()
        if content:
            self._session.put_object(f"{self._keys[kind]}/part-{self._file_counts[kind]:05d}.csv", content)
            self._file_counts[kind] += 1
            self.sent += len(content)
