"""Backup and restore: database, history and settings in one file, from one place to another."""

from forecasting.backup.making import back_up
from forecasting.backup.restoring import restore

__all__ = ["back_up", "restore"]
