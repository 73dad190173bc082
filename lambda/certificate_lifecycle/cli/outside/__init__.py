"""Adapters that only the command line needs, one file a service."""
