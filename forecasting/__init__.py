"""Store-level demand forecasts: the core of Storecast, independent of any page or server."""

__version__ = "0.1.0"
