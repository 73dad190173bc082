"""Tools around the embedded AWS: terraform, deployed functions, terminals, the demo."""
