"""Storing the result of a run and ending the run, in one transaction."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from forecasting.core.domain import RefreshRun, VersionHeader
from forecasting.core.pooled_priors import ChainPriors
from forecasting.core.ports import Publication
from forecasting.refresh.lifecycle import RunEvent
from forecasting.storage.blob import encode
from forecasting.storage.database import Database
from forecasting.storage.endings import RunEndings
from forecasting.storage.forecast_versions import insert_version
from forecasting.storage.leases import held_by, require_held
from forecasting.storage.stored_priors import insert_chain
from forecasting.storage.tables import refresh_run


class SqlPublications:
    """Publishes forecasts and chains (`ports.Publications`)."""

    def __init__(self, database: Database, endings: RunEndings) -> None:
        self._database = database
        self._endings = endings

    def publish(self, run: RefreshRun, publication: Publication, at: datetime) -> VersionHeader:
        """See `ports.Publications.publish`.

        Raises
        ------
        InvalidFrame
            If the forecast breaks its schema; nothing is published.
        """
        content = encode(publication.forecast, publication.reasons)
        with self._database.writing() as connection:
            self._succeed(connection, run, at)
            header = insert_version(connection, run, publication, content, at)
            this_run = refresh_run.c.run_id == run.run_id
            connection.execute(sa.update(refresh_run).where(this_run).values(version=header.version))
        return header

    def publish_group(
        self, run: RefreshRun, publications: Sequence[Publication], message: str, at: datetime
    ) -> list[VersionHeader]:
        """See `ports.Publications.publish_group`.

        Raises
        ------
        InvalidFrame
            If a forecast breaks its schema; nothing is published.
        """
        contents = [encode(each.forecast, each.reasons) for each in publications]
        with self._database.writing() as connection:
            self._succeed(connection, run, at, message=message)
            return [
                insert_version(connection, run, each, content, at)
                for each, content in zip(publications, contents, strict=True)
            ]

    def publish_chain(self, run: RefreshRun, chain: ChainPriors, at: datetime) -> None:
        """See `ports.Publications.publish_chain`."""
        with self._database.writing() as connection:
            self._succeed(connection, run, at)
            insert_chain(connection, chain)

    def _succeed(self, connection: sa.Connection, run: RefreshRun, at: datetime, **values: object) -> None:
        """End a held run as succeeded.

        Raises
        ------
        LeaseLost
            If the run is no longer held.
        """
        ended = self._endings.end(
            connection, RunEvent.SUCCEED, held_by(run), at, done=refresh_run.c.total, **values
        )
        require_held(run, len(ended))
