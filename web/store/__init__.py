"""The Store forecast page."""
