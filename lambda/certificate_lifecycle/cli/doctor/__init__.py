"""Independent checks of everything that the module needs; each one can fail on its own."""
