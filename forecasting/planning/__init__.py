"""What a planner reads beside a forecast: the queue, alerts, reasons, changes, track record. Pure rules."""
