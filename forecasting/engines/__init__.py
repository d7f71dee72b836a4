"""Engines that fit and forecast a series: adapters of the `LocalEngine` port."""
