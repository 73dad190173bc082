"""Adapters for what is neither AWS's API nor ours: servers on the network."""
