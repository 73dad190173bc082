"""Mutation testing of the pure packages: a test must detect each change."""
