"""The My stores page."""
