"""The documents show the tables the engine runs on.

`GOLDEN_REWRITE=1` writes what stands between the marks anew; the difference is reviewed.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from trading.engine import deals
from trading.engine.diagrams import deal_machine, order_machine, strategy_table

DOCUMENT = Path(__file__).parents[4] / "docs" / "deals.md"
PARTS: dict[str, Callable[[], str]] = {
    "strategies": strategy_table,
    "deal": deal_machine,
    "order": order_machine,
}


def between(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name} -->\n)(.*?)(\n<!-- end of {name} -->)", re.S)


@pytest.mark.parametrize("name", list(PARTS))
def test_the_document_shows_the_table_itself(name: str) -> None:
    text = DOCUMENT.read_text()
    if os.environ.get("GOLDEN_REWRITE"):
        text = between(name).sub(lambda m: m[1] + PARTS[name]() + m[3], text)
        DOCUMENT.write_text(text)
    found = between(name).search(text)
    assert found is not None
    assert found[2] == PARTS[name]()


def test_every_way_of_a_deal_is_drawn_once() -> None:
    drawn = deal_machine().splitlines()
    assert len(drawn) == len(set(drawn))
    assert sum(len(ways) for ways in deals.NEXT.values()) == len(drawn) - 4
