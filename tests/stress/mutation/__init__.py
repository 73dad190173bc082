"""Mutation testing of the pure packages: a test has to notice each change."""
