"""Against the real services, with the keys of the environment; collected only with LIVE_TESTS=1."""
