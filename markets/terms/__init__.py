"""Pure vocabulary of what can be traded: units, odds, instruments, relations, packages, fees."""
