"""The command line: the functions' own use cases, from a terminal."""
