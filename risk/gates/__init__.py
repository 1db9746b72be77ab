"""May we? One function for each reason to refuse a plan, and the chain that asks them in order."""
