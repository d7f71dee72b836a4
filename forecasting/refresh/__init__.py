"""When to refresh and the loop that does it. Pure but for its ports."""
