"""Sockets, requests and supervision; Django-free."""
