"""Judge forecasts: backtest windows, errors, calibration, and the choice between engines. Pure."""
