"""The engine and everything around it that is not a venue."""
