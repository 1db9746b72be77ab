"""The crash rig: a real worker killed at every named point, started again, and audited."""
