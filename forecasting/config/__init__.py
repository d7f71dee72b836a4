"""Settings, their file, logs and the system clock."""
