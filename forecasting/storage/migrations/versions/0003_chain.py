"""What is pooled over all stores, and which predictor was trained with it.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the chains; predictors there are already were trained without one."""
    op.create_table(
        "chain",
        sa.Column("chain_id", sa.Text(), nullable=False),
        sa.Column("computed_at", sa.DateTime(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("cutoff", sa.Date(), nullable=False),
        sa.Column("horizon", sa.Integer(), nullable=False),
        sa.Column("input_hash", sa.Text(), nullable=False),
        sa.Column("stores", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", name="pk_chain"),
    )
    op.execute(  # SQLite takes a reference with the column only, and alembic would leave out its name
        "ALTER TABLE predictor ADD COLUMN chain_id TEXT "
        "CONSTRAINT fk_predictor_chain_id REFERENCES chain (chain_id)"
    )
    op.create_index("ix_predictor_chain_id", "predictor", ["chain_id"])


def downgrade() -> None:
    """Drop the chains."""
    op.drop_index("ix_predictor_chain_id", "predictor")
    op.drop_column("predictor", "chain_id")
    op.drop_table("chain")
