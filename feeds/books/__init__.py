"""Books rebuilt from snapshots and deltas, judged for health, and waits after failures."""
