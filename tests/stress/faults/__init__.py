"""Both functions in worlds where nothing can be relied on, and what must hold in them all the same.

`make faults` runs thousands of invocations, see `__main__.py`; a share of them are tests.
"""
