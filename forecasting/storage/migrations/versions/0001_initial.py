"""The first schema: history manifest, predictors, refresh runs, forecast versions.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    _create_history()
    _create_runs()
    _create_chores()
    _create_forecasts()


def downgrade() -> None:
    """Drop every table."""
    for table in (
        "forecast_summary",
        "forecast_head",
        "forecast_version",
        "daily_chore",
        "refresh_worker",
        "refresh_run",
        "predictor",
        "store_attribute",
        "history_head",
        "history_version",
        "history_import",
    ):
        op.drop_table(table)


def _create_history() -> None:
    op.create_table(
        "history_import",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("imported_by", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.DateTime(), nullable=False),
        sa.Column("rolled_back", sa.Integer()),
        sa.PrimaryKeyConstraint("import_id", name="pk_history_import"),
        sa.ForeignKeyConstraint(
            ["rolled_back"], ["history_import.import_id"], name="fk_history_import_rolled_back"
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "history_version",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("content_hash", sa.Text()),
        sa.Column("rows", sa.Integer()),
        sa.Column("first_ds", sa.Date()),
        sa.Column("last_ds", sa.Date()),
        sa.Column("items", sa.JSON()),
        sa.Column("region", sa.Text()),
        sa.PrimaryKeyConstraint("import_id", "store", name="pk_history_version"),
        sa.ForeignKeyConstraint(
            ["import_id"], ["history_import.import_id"], name="fk_history_version_import_id"
        ),
    )
    op.create_index("ix_history_version_head", "history_version", ["kind", "store", "import_id"])
    op.create_table(
        "history_head",
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("store", "kind", name="pk_history_head"),
        sa.ForeignKeyConstraint(
            ["import_id", "store"],
            ["history_version.import_id", "history_version.store"],
            name="fk_history_head_import_id",
        ),
    )
    op.create_index("ix_history_head_import_id", "history_head", ["import_id", "store"])
    op.create_table(
        "store_attribute",
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("store", name="pk_store_attribute"),
        sa.ForeignKeyConstraint(
            ["import_id"], ["history_import.import_id"], name="fk_store_attribute_import_id"
        ),
    )


def _create_runs() -> None:
    op.create_table(
        "refresh_run",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Text()),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime()),
        sa.Column("finished_at", sa.DateTime()),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer()),
        sa.Column("lease_until", sa.DateTime()),
        sa.Column("worker", sa.Text()),
        sa.PrimaryKeyConstraint("run_id", name="pk_refresh_run"),
    )
    op.create_index("ix_refresh_run_requested_at", "refresh_run", ["requested_at"])
    op.create_index("ix_refresh_run_ended", "refresh_run", ["store", "finished_at"])
    active = sa.text("state IN ('queued', 'running')")
    op.create_index(
        "uq_refresh_run_active_scope",
        "refresh_run",
        ["scope"],
        unique=True,
        sqlite_where=active,
        postgresql_where=active,
    )


def _create_chores() -> None:
    op.create_table(
        "refresh_worker",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_refresh_worker"),
    )
    op.create_table(
        "daily_chore",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("finished_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("name", name="pk_daily_chore"),
    )


def _create_forecasts() -> None:
    op.create_table(
        "predictor",
        sa.Column("predictor_id", sa.Text(), nullable=False),
        sa.Column("asked_engine", sa.Text(), nullable=False),
        sa.Column("trained_at", sa.DateTime(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("predictor_id", name="pk_predictor"),
    )
    op.create_table(
        "forecast_version",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("predictor_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("cutoff", sa.Date(), nullable=False),
        sa.Column("horizon", sa.Integer(), nullable=False),
        sa.Column("input_hash", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(), nullable=False),
        sa.Column("assumptions", sa.JSON(), nullable=False),
        sa.Column("forecast", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_forecast_version"),
        sa.ForeignKeyConstraint(
            ["predictor_id"], ["predictor.predictor_id"], name="fk_forecast_version_predictor_id"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["refresh_run.run_id"], name="fk_forecast_version_run_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_forecast_version_store", "forecast_version", ["store", "version", "published_at"])
    op.create_index("ix_forecast_version_predictor_id", "forecast_version", ["predictor_id"])
    op.create_index("ix_forecast_version_run_id", "forecast_version", ["run_id"])
    op.create_table(
        "forecast_head",
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("store", name="pk_forecast_head"),
        sa.ForeignKeyConstraint(["version"], ["forecast_version.version"], name="fk_forecast_head_version"),
    )
    op.create_table(
        "forecast_summary",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("next7", sa.Float()),
        sa.Column("last7", sa.Float()),
        sa.Column("wape", sa.Float()),
        sa.Column("naive_wape", sa.Float()),
        sa.Column("coverage", sa.Float()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("closed_ahead", sa.Integer(), nullable=False),
        sa.Column("sparkline", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("version", "item", name="pk_forecast_summary"),
        sa.ForeignKeyConstraint(
            ["version"], ["forecast_version.version"], name="fk_forecast_summary_version"
        ),
    )
