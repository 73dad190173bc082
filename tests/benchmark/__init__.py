"""The cost of a scan on the embedded AWS: calls, time, processor and memory."""
