"""Use cases: gather, let the core decide, act."""
