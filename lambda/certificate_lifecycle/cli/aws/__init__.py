"""AWS calls that only the command line makes, each with the permission that it needs."""
