"""Recordings as lines: reading and writing them without touching a file."""
