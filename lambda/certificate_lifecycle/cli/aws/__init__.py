"""What only the command line reaches: one file a service, permissions beside the calls."""
