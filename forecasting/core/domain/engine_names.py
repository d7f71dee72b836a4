"""Names of engines that several packages have to know."""

AWS_FORECAST = "aws_forecast"
"""The engine that trains and forecasts in AWS."""

ENGINE_SEPARATOR = "+"
"""Stands between engines that compete for every series, such as ``prophet+aws_forecast``."""
