"""What fits and forecasts: adapters of the `LocalEngine` port."""
