"""Backup and restore: the database, the history and the portable settings in one file.

A backup may be restored onto another kind of database or into another kind of file store.
"""

from forecasting.backup.restoring import restore
from forecasting.backup.writing import back_up

__all__ = ["back_up", "restore"]
