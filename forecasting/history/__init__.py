"""Sales files in, immutable Parquet files out: adapters of the `SalesHistory` port."""
