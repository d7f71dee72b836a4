"""Settings, their file, logs and the wall clock."""
