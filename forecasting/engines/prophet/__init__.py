"""Prophet's model as an engine, solved exactly and in memory."""
