"""Where fits run: the adapters of the `Compute` port."""
