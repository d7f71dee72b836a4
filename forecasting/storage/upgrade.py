"""Upgrading a database to the newest migration, with alembic."""

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from forecasting.core.errors import StateTooNew


def migrations() -> Config:
    """The alembic configuration of this package's migrations."""
    config = Config()
    config.set_main_option("script_location", "forecasting.storage:migrations")
    return config


def upgrade(connection: sa.Connection, found: str | None, place: str) -> None:
    """Run every migration the database does not have yet, in the connection's transaction.

    Parameters
    ----------
    found
        The migration the database is at; None if it is empty.
    place
        The name of the database in the error message.

    Raises
    ------
    StateTooNew
        If this code does not have the database's migration.
    """
    if found is not None:
        require_known(found, place, "it was left as it is")
    migrate(connection, "head")


def require_known(revision: str, place: str, outcome: str) -> None:
    """Check that this code has the migration of a database or a backup.

    Parameters
    ----------
    outcome
        The end of the error message.

    Raises
    ------
    StateTooNew
        If it does not.
    """
    scripts = ScriptDirectory.from_config(migrations())
    if revision not in {script.revision for script in scripts.walk_revisions()}:
        raise StateTooNew(
            f"{place} was written by a newer version of this software: expected revision "
            f"'{scripts.get_current_head()}' or older, found '{revision}'; {outcome}"
        )


def migrate(connection: sa.Connection, revision: str) -> None:
    """Run the migrations up to a revision, in the connection's transaction."""
    config = migrations()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
