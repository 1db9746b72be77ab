"""Programmes that propose purchases; floats live here, decisions do not."""
