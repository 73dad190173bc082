"""What drives the embedded AWS: real terraform, deployed functions, terminals, the demo."""
