"""Mutation testing of the core: each decision is changed once, and a test has to notice."""
