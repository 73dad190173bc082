"""`python -m certificate_lifecycle`: the command line."""

from certificate_lifecycle.cli.main import run

run()
