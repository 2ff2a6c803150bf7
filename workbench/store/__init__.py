"""The embedded store: immutable segments, a derived DuckDB catalog, published snapshots."""
