"""The command line: the functions' own use cases, from a terminal."""

#: The version of the package; `pyproject.toml` reads it.
__version__ = "0.1.0"
