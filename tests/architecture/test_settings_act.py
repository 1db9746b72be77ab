"""Every setting acts, or says why it does not."""

from __future__ import annotations

import ast
from pathlib import Path

from trading.engine.limits import DORMANT, SPECS

ROOT = Path(__file__).parents[2]
# Where settings are declared and compared, and where a demonstration sets some: not a use.
DECLARING = ("trading/engine/limits.py", "risk/profiles.py", "feeds/invented.py")
APPS = ("arbsite", "feeds", "risk", "trading", "markets")


def read_somewhere() -> set[str]:
    """Settings that code takes as an attribute or names to a reader."""
    found: set[str] = set()
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if str(path.relative_to(ROOT)) in DECLARING:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                    found.add(node.attr)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
    return found & set(SPECS)


def test_every_setting_is_read_by_something_or_says_why_not() -> None:
    assert set(SPECS) - read_somewhere() == set(DORMANT)


def test_what_nothing_reads_says_so_in_the_documents() -> None:
    documented = (ROOT / "docs" / "settings.md").read_text()

    for key, why in DORMANT.items():
        assert SPECS[key].dormant == why
        assert f"| `{key}` | {why} |" in documented
