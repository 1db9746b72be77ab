"""A request the API refuses, with its status and one sentence."""

from __future__ import annotations


class Refused(Exception):
    """Why not, and as which status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
