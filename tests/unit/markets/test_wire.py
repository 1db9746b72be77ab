"""What the API tells: money, sizes and times as texts, by the field's declared unit."""

from __future__ import annotations

import msgspec

from markets.terms.units import Ns, Px, Qty, Usd
from markets.wire import tell


class Inner(msgspec.Struct, frozen=True):
    px: Px | None
    qty: Qty


class Outer(msgspec.Struct, frozen=True):
    name: str
    number: int
    cash: Usd
    at: Ns | None
    inner: Inner
    all_: tuple[Inner, ...]
    prices: tuple[Px, ...]


def test_a_struct_is_told_with_its_units_however_deep() -> None:
    inner = Inner(Px(425_000), Qty(250_000))
    outer = Outer("x", 425_000, Usd(-12_000_000), Ns(1_500), inner, (inner,), (Px(1_000_000),))
    told = {"px": "0.425", "qty": "0.25"}
    assert tell(outer) == {
        "name": "x",
        "number": 425_000,
        "cash": "-12.00",
        "at": "1970-01-01T00:00:00.000001Z",
        "inner": told,
        "all_": [told],
        "prices": ["1.00"],
    }


def test_nothing_stays_nothing() -> None:
    assert tell(Inner(None, Qty(0))) == {"px": None, "qty": "0"}
