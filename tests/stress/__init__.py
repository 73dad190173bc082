"""Long runs with faults, fuzzing and mutations, most of them in `make nightly`."""
