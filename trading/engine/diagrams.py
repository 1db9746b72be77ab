"""The tables of orders, deals and strategies as diagrams and tables for the documents.

What the documents show is made here from the very tables the engine runs on; a test compares.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from trading.engine import deals, orders
from trading.engine.strategies import WAVES

State = TypeVar("State", bound=StrEnum)


def machine(table: Mapping[State, tuple[State, ...]], start: State) -> str:
    """A transition table as a state diagram in Mermaid's words, in the table's order."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {start.value}"]
    for state, ways in table.items():
        lines += [f"    {state.value} --> {to.value}" for to in ways if to is not state]
    return "\n".join([*lines, "```"])


def order_machine() -> str:
    """Where an order may go."""
    return machine(orders.NEXT, orders.OrderState.SENT)


def deal_machine() -> str:
    """Where a deal may go."""
    return machine(deals.NEXT, deals.DealState.OPENING)


def strategy_table() -> str:
    """The waves of every strategy, one a line."""
    lines = [
        "| strategy | wave | who | how | when | how much |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for strategy, waves in WAVES.items():
        for number, wave in enumerate(waves, start=1):
            words = (wave.who, wave.how, wave.when, wave.size)
            cells = " | ".join(word.value for word in words)
            lines.append(f"| `{strategy.value}` | {number} | {cells} |")
    return "\n".join(lines)
