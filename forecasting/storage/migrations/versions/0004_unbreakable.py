"""Runs that wait for their next attempt, time out, are followed by another, and go on where they stopped.

Revision ID: 0004
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_COLUMNS: dict[str, sa.DateTime | sa.Text] = {
    "trained_before": sa.DateTime(),
    "claimed_at": sa.DateTime(),
    "next_attempt_at": sa.DateTime(),
    "reads": sa.Text(),
    "follow_up_by": sa.Text(),
    "follow_up_at": sa.DateTime(),
    "followed_by": sa.Text(),
    "deadline_at": sa.DateTime(),
}


def upgrade() -> None:
    """Add what is to be known of runs; a run that waits for its next attempt holds its scope as well."""
    for name, kind in _COLUMNS.items():
        op.add_column("refresh_run", sa.Column[Any](name, kind))
    _index_active("state IN ('queued', 'running', 'waiting')")
    op.create_table(
        "run_checkpoint",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "task", name="pk_run_checkpoint"),
        sa.ForeignKeyConstraint(["run_id"], ["refresh_run.run_id"], name="fk_run_checkpoint_run_id"),
    )


def downgrade() -> None:
    """Drop it again; what waits for its next attempt or was cancelled has failed."""
    op.drop_table("run_checkpoint")
    op.execute("UPDATE refresh_run SET state = 'failed' WHERE state IN ('waiting', 'cancelled')")
    _index_active("state IN ('queued', 'running')")
    for name in reversed(_COLUMNS):
        op.drop_column("refresh_run", name)


def _index_active(states: str) -> None:
    op.drop_index("uq_refresh_run_active_scope", "refresh_run")
    op.create_index(
        "uq_refresh_run_active_scope",
        "refresh_run",
        ["scope"],
        unique=True,
        sqlite_where=sa.text(states),
        postgresql_where=sa.text(states),
    )
