"""Runs of both functions with injected faults, and the invariants that must hold.

`make faults` runs thousands of invocations, see `__main__.py`; a share of them are tests.
"""
