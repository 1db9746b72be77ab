"""Journals and recordings run again through the engine."""
