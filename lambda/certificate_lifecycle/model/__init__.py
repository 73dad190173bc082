"""What certificates, runs and scopes are: frozen dataclasses and closed enums, all pure."""
