"""The venues' own published Python SDKs as judges of the fakes; see `run`."""
