"""One function for each reason to refuse a plan."""
