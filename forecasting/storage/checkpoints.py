"""Partial results of active runs: one row for each task, written under the run's fence."""

from collections.abc import Mapping

import sqlalchemy as sa

from forecasting.core.domain import RefreshRun
from forecasting.storage.database import Database
from forecasting.storage.leases import held_by, require_held
from forecasting.storage.tables import refresh_run, run_checkpoint


class SqlCheckpoints:
    """Stores partial results of runs (`ports.Checkpoints`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, run: RefreshRun) -> dict[str, bytes]:
        """See `ports.Checkpoints.read`."""
        query = sa.select(run_checkpoint.c.task, run_checkpoint.c.content)
        with self._database.reading() as connection:
            rows = connection.execute(query.where(run_checkpoint.c.run_id == run.run_id)).all()
        return {row.task: row.content for row in rows}

    def save(self, run: RefreshRun, results: Mapping[str, bytes]) -> None:
        """See `ports.Checkpoints.save`; a new result of a task replaces the old one."""
        rows = [{"run_id": run.run_id, "task": task, "content": each} for task, each in results.items()]
        old = (run_checkpoint.c.run_id == run.run_id) & run_checkpoint.c.task.in_(results)
        held = sa.select(refresh_run.c.run_id).where(held_by(run)).with_for_update()
        with self._database.writing() as connection:
            require_held(run, len(connection.execute(held).all()))
            connection.execute(sa.delete(run_checkpoint).where(old))
            connection.execute(sa.insert(run_checkpoint), rows)
