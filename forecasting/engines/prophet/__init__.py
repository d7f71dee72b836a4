"""Prophet's model as an engine."""
