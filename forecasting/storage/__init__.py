"""The database: SQLAlchemy tables, ledger, versions, manifest; alembic migrations."""
