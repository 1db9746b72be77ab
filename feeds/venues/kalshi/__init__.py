"""Kalshi, as its documents describe it."""
