"""Adapters for servers on the network."""
