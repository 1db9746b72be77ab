"""The option that writes the golden stories anew."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--golden-rewrite` writes events and intents instead of comparing them."""
    parser.addoption("--golden-rewrite", action="store_true", default=False)
