"""The vocabulary of the product: domain values, ports, errors, frames and arrays."""
