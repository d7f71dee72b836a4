"""The tables, and the column type that keeps instants the same on every database.

Instants are stored as UTC without a time zone and come back aware. Lists are JSON. The days of a forecast are
one blob (see `blob`) in the last column of its row, so that reading a header does not touch it.
"""

from datetime import UTC, datetime

import sqlalchemy as sa

from forecasting.core.domain import RunState

NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "ix": "ix_%(column_0_label)s",
}

metadata = sa.MetaData(naming_convention=NAMES)


class Instant(sa.TypeDecorator[datetime]):
    """An aware datetime, stored as UTC."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Turn an aware instant into naive UTC.

        Raises
        ------
        ValueError
            If the value has no time zone.
        """
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected an aware datetime, found {value!r}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Turn the stored naive UTC into an aware instant."""
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


history_import = sa.Table(
    "history_import",
    metadata,
    sa.Column("import_id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),  # sales, plan or rollback
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("imported_by", sa.Text, nullable=False),
    sa.Column("imported_at", Instant, nullable=False),
    sa.Column("rolled_back", sa.Integer, sa.ForeignKey("history_import.import_id")),
    sqlite_autoincrement=True,
)

history_version = sa.Table(
    "history_version",
    metadata,
    sa.Column("import_id", sa.Integer, sa.ForeignKey("history_import.import_id"), primary_key=True),
    sa.Column("store", sa.Text, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("content_hash", sa.Text),  # None: a rollback removed the store's only file
    sa.Column("rows", sa.Integer),
    sa.Column("first_ds", sa.Date),
    sa.Column("last_ds", sa.Date),
    sa.Column("items", sa.JSON(none_as_null=True)),
    sa.Column("region", sa.Text),
    sa.Index("ix_history_version_head", "kind", "store", "import_id"),
)

history_head = sa.Table(
    "history_head",
    metadata,
    sa.Column("store", sa.Text, primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("import_id", sa.Integer, nullable=False),
    sa.ForeignKeyConstraint(["import_id", "store"], ["history_version.import_id", "history_version.store"]),
    sa.Index("ix_history_head_import_id", "import_id", "store"),
)

store_attribute = sa.Table(
    "store_attribute",
    metadata,
    sa.Column("store", sa.Text, primary_key=True),
    sa.Column("attributes", sa.JSON, nullable=False),
    sa.Column("import_id", sa.Integer, sa.ForeignKey("history_import.import_id"), nullable=False),
)

chain = sa.Table(
    "chain",
    metadata,
    sa.Column("chain_id", sa.Text, primary_key=True),
    sa.Column("computed_at", Instant, nullable=False),
    sa.Column("engine", sa.Text, nullable=False),
    sa.Column("cutoff", sa.Date, nullable=False),
    sa.Column("horizon", sa.Integer, nullable=False),
    sa.Column("input_hash", sa.Text, nullable=False),
    sa.Column("stores", sa.Integer, nullable=False),
    sa.Column("document", sa.JSON, nullable=False),
)

predictor = sa.Table(
    "predictor",
    metadata,
    sa.Column("predictor_id", sa.Text, primary_key=True),
    sa.Column("asked_engine", sa.Text, nullable=False),
    sa.Column("trained_at", Instant, nullable=False),
    sa.Column("document", sa.JSON, nullable=False),
    sa.Column("chain_id", sa.Text, sa.ForeignKey("chain.chain_id")),  # None: trained without one
    sa.Index("ix_predictor_chain_id", "chain_id"),
)

refresh_run = sa.Table(
    "refresh_run",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("store", sa.Text, nullable=False),
    sa.Column("verdict", sa.String(16), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("requested_at", Instant, nullable=False),
    sa.Column("engine", sa.Text, nullable=False),
    sa.Column("batch_id", sa.Text),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("version", sa.Integer),  # no foreign key: a run outlives a pruned version
    sa.Column("lease_until", Instant),
    sa.Column("worker", sa.Text),
    sa.Column("trained_before", Instant),
    sa.Column("claimed_at", Instant),
    sa.Column("next_attempt_at", Instant),
    sa.Column("reads", sa.Text),
    sa.Column("follow_up_by", sa.Text),
    sa.Column("follow_up_at", Instant),
    sa.Column("followed_by", sa.Text),
    sa.Column("ready_at", Instant),
    sa.Column("deadline_at", Instant),  # of its current attempt
    sa.Index("ix_refresh_run_requested_at", "requested_at"),
    sa.Index("ix_refresh_run_ended", "store", "finished_at"),
)

ACTIVE = refresh_run.c.state.in_([sa.literal_column(f"'{state}'") for state in RunState if state.active])
"""Runs that hold their scope. The states are literals in the SQL, so that queries use the partial index."""

OF_A_STORE = refresh_run.c.store != ""
"""Runs of one store, as opposed to chain runs and runs of a group."""

sa.Index(
    "uq_refresh_run_active_scope",
    refresh_run.c.scope,
    unique=True,
    sqlite_where=ACTIVE,
    postgresql_where=ACTIVE,
)

run_checkpoint = sa.Table(
    "run_checkpoint",
    metadata,
    sa.Column("run_id", sa.Text, sa.ForeignKey("refresh_run.run_id"), primary_key=True),
    sa.Column("task", sa.Text, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

refresh_worker = sa.Table(
    "refresh_worker",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("seen_at", Instant, nullable=False),
)

daily_chore = sa.Table(
    "daily_chore",
    metadata,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("finished_at", Instant),
)

forecast_version = sa.Table(
    "forecast_version",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("store", sa.Text, nullable=False),
    sa.Column("predictor_id", sa.Text, sa.ForeignKey("predictor.predictor_id"), nullable=False),
    sa.Column("run_id", sa.Text, sa.ForeignKey("refresh_run.run_id"), nullable=False),
    sa.Column("cutoff", sa.Date, nullable=False),
    sa.Column("horizon", sa.Integer, nullable=False),
    sa.Column("input_hash", sa.Text, nullable=False),
    sa.Column("published_at", Instant, nullable=False),
    sa.Column("assumptions", sa.JSON, nullable=False),
    sa.Column("forecast", sa.LargeBinary, nullable=False),
    sa.Index("ix_forecast_version_store", "store", "version", "published_at"),
    sa.Index("ix_forecast_version_predictor_id", "predictor_id"),
    sa.Index("ix_forecast_version_run_id", "run_id"),
    sqlite_autoincrement=True,
)

forecast_head = sa.Table(
    "forecast_head",
    metadata,
    sa.Column("store", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, sa.ForeignKey("forecast_version.version"), nullable=False),
)

forecast_summary = sa.Table(
    "forecast_summary",
    metadata,
    sa.Column("version", sa.Integer, sa.ForeignKey("forecast_version.version"), primary_key=True),
    sa.Column("item", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("engine", sa.Text, nullable=False),
    sa.Column("next7", sa.Float),
    sa.Column("last7", sa.Float),
    sa.Column("wape", sa.Float),
    sa.Column("naive_wape", sa.Float),
    sa.Column("coverage", sa.Float),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("closed_ahead", sa.Integer, nullable=False),
    sa.Column("sparkline", sa.JSON, nullable=False),
    sa.Column("year7", sa.Float),
    sa.Column("spread7", sa.Float),
    sa.Column("unusual", sa.Text, nullable=False, server_default=""),
)

store_review = sa.Table(
    "store_review",
    metadata,
    sa.Column("store", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),  # no foreign key: a review outlives its version
    sa.Column("as_of", sa.Date, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
)

store_visit = sa.Table(
    "store_visit",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("store", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),  # no foreign key: a version may be pruned
    sa.Column("at", Instant, nullable=False),
    sa.Column("before", sa.Integer),
)

track_record = sa.Table(
    "track_record",
    metadata,
    sa.Column("store", sa.Text, primary_key=True),
    sa.Column("item", sa.Text, primary_key=True),
    sa.Column("lead", sa.Integer, primary_key=True),
    sa.Column("ds", sa.Date, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),  # no foreign key: the record outlives a pruned version
    sa.Column("engine", sa.Text, nullable=False),
    sa.Column("cutoff", sa.Date, nullable=False),
    sa.Column("y", sa.Float, nullable=False),
    sa.Column("mean", sa.Float, nullable=False),
    sa.Column("q10", sa.Float, nullable=False),
    sa.Column("q50", sa.Float, nullable=False),
    sa.Column("q90", sa.Float, nullable=False),
    sa.Column("is_open", sa.Boolean, nullable=False),
    sa.Index("ix_track_record_ds", "store", "ds", "item"),
    sqlite_with_rowid=False,  # keeps a series' rows together, in the order they are summed
)

track_head = sa.Table(
    "track_head",
    metadata,
    sa.Column("store", sa.Text, primary_key=True),
    sa.Column("content_hash", sa.Text, nullable=False),  # of the sales the track record reflects
)
