"""The test suite; a package, so that every part of it can import `tests.embedded_aws`."""
