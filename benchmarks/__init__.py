"""Benchmarks: each prints a table and, with --json, one JSON line; never part of the test run."""
