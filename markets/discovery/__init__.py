"""What venues list, as values, and how a new list differs from the known one."""
