"""What planners have looked at, and what the queue needs to say why a store is in it.

Revision ID: 0006
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them; of forecasts that are there nothing more is known."""
    op.add_column("forecast_summary", sa.Column[Any]("year7", sa.Float()))
    op.add_column("forecast_summary", sa.Column[Any]("spread7", sa.Float()))
    op.add_column("forecast_summary", sa.Column[Any]("unusual", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "store_review",
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("store", name="pk_store_review"),
    )
    op.create_table(
        "store_visit",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("before", sa.Integer()),
        sa.PrimaryKeyConstraint("subject", "store", name="pk_store_visit"),
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("store_visit")
    op.drop_table("store_review")
    for name in ("unusual", "spread7", "year7"):
        op.drop_column("forecast_summary", name)
