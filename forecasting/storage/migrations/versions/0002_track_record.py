"""The track record of published forecasts.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the record and the mark of the sales it is made of."""
    op.create_table(
        "track_record",
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("lead", sa.Integer(), nullable=False),
        sa.Column("ds", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("cutoff", sa.Date(), nullable=False),
        sa.Column("y", sa.Float(), nullable=False),
        sa.Column("mean", sa.Float(), nullable=False),
        sa.Column("q10", sa.Float(), nullable=False),
        sa.Column("q50", sa.Float(), nullable=False),
        sa.Column("q90", sa.Float(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("store", "item", "lead", "ds", name="pk_track_record"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_track_record_ds", "track_record", ["store", "ds", "item"])
    op.create_table(
        "track_head",
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("store", name="pk_track_head"),
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_table("track_head")
    op.drop_table("track_record")
