"""Polymarket, as its documents describe it."""
