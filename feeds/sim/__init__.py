"""Simulated markets: a seeded scenario that moves equivalent markets, and an exchange."""
