"""What can be traded, and what equals what."""
