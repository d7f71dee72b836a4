"""Where fits run: adapters of the `Compute` port."""
