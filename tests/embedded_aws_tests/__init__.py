"""Proof that the embedded AWS behaves as AWS documents itself to behave."""
