"""The embedded AWS that the tests and the demo run against, and what drives it.

Start with `tests.embedded_aws.cloud.Cloud`.
"""
