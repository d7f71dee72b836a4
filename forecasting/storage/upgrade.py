"""Bringing a database to the newest migration, with alembic."""

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from forecasting.errors import StateTooNew


def migrations() -> Config:
    """The configuration of the migrations that come with this package."""
    config = Config()
    config.set_main_option("script_location", "forecasting.storage:migrations")
    return config


def upgrade(connection: sa.Connection, found: str | None, place: str) -> None:
    """Run every migration the database has not seen, in the connection's transaction.

    Parameters
    ----------
    found
        The migration the database is at; None where it is empty.
    place
        What the database is called in the error.

    Raises
    ------
    StateTooNew
        If this code does not know the database's migration.
    """
    config = migrations()
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    if found is not None and found not in known:
        raise StateTooNew(
            f"{place} was written by a newer version of this software: expected revision "
            f"'{scripts.get_current_head()}' or older, found '{found}'; it was left as it is"
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
