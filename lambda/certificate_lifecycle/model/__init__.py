"""Certificates, runs and scopes: frozen dataclasses and closed enums, all pure."""
