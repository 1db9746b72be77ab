"""Books rebuilt from snapshots and deltas, and judged for health."""
