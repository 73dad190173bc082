"""Faults, fuzzing and mutations: long runs, most of them in `make nightly`."""
