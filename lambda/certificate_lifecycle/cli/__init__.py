"""The command line: the same engine on a laptop."""
