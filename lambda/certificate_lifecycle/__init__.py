"""Keeps the SSL/TLS certificates of an AWS estate alive."""
