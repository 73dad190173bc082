"""From bytes and text to model types."""
