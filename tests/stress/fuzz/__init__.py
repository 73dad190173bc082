"""Hostile and malformed input: the result is correct, or one clear error."""
