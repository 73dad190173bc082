"""Replacing a certificate under another ARN: one successor, and every consumer moved to it."""
