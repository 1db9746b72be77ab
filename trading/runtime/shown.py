"""Where what the worker shows lies in Redis, for who writes it and who reads it.

Pictures lie whole under a key, for whoever opens a page, and are sent to a group, for pages that
are open. Source: decision 0005.
"""

EDGES_KEY = "arbsite:edges"
ENGINE_KEY = "arbsite:engine"
VENUES_KEY = "arbsite:venues"
MINUTES_KEY = "arbsite:venues:minutes"
GROUP = "live"
