"""Every decision: pure functions that get `now` as an argument."""
