"""Hostile and broken input: whatever comes in, what goes out is right, or one clear error."""
