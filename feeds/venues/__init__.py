"""The registry of venues."""
