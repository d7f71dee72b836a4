"""Runs that wait for what happens elsewhere, and when that is expected to be done.

Revision ID: 0005
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add when it is expected."""
    op.add_column("refresh_run", sa.Column[Any]("ready_at", sa.DateTime()))


def downgrade() -> None:
    """Drop it again; runs of a group of stores end with it, as nothing here knows them."""
    op.execute(
        "UPDATE refresh_run SET state = 'failed' WHERE scope LIKE 'group:%' "
        "AND state IN ('queued', 'running', 'waiting')"
    )
    op.drop_column("refresh_run", "ready_at")
