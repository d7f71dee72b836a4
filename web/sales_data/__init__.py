"""The Sales data page."""
