"""The engine: events in, intents out; no clock, no network, no database."""
