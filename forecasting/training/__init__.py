"""What a refresh run does, from its tasks to the published forecast."""
