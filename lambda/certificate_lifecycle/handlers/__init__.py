"""Entry points of the two Lambda functions."""
