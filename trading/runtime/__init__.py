"""The async shell around the engine; Django-free."""
