"""The HTTP API, probes, metrics, and the guard in front of them."""
