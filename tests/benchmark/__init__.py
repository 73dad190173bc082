"""What a scan costs on the embedded AWS: calls, time, processor and memory."""
