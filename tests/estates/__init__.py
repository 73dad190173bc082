"""Estates of certificates for tests, benchmarks and the demo."""
