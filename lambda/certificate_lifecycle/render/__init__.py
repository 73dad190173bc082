"""From decisions to text and wire formats; pure."""
