"""The outside world, and the worker."""
