"""Exports: tables that name the origin of their figures, as Excel file, as CSV and on paper."""
