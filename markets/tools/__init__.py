"""Calculators as pure functions: what a person types becomes the engine's own arithmetic."""
