"""What a planner does with a forecast: which stores to look at first. Pure."""
