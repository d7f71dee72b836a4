"""Metrics, backtest windows and the choice between engines. Pure."""
