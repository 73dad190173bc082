"""Parsers of bytes and text into model types."""
