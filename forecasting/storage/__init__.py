"""The database: SQLAlchemy tables, ledger, versions, manifest; alembic migrations."""

from forecasting.storage.database import Database, open_database
from forecasting.storage.sql_storage import SqlStorage

__all__ = ["Database", "SqlStorage", "open_database"]
