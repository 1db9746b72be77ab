"""The gates fulfil the engine's port, and refusals are values."""

from risk.gates.chain import Chain
from trading.engine.ports import Refused, Risk


def test_the_chain_is_a_risk() -> None:
    risk: Risk = Chain()
    assert risk.dump() == b""


def test_a_refusal_is_compared_by_what_it_says() -> None:
    assert Refused("skew", "Late.", 1, 2, "ms") == Refused("skew", "Late.", 1, 2, "ms")
    assert Refused("skew", "Late.").limit is None
