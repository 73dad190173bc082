"""Whether everything is there that the work needs: independent checks, each failing alone."""
