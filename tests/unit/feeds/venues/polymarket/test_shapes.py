"""Elements between two ladders."""

from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.venues.polymarket.shapes import Shown, level_elements, text
from markets.terms.units import MICRO, Px, Qty, micros_from_text
from tests.unit.feeds.venues.polymarket.scene import YES, listed
from trading.engine.book import Levels


def test_numbers_are_written_as_the_venue_writes_them() -> None:
    assert [text(n) for n in (500_000, 1_000_000, 26_680_000, 0)] == ["0.5", "1", "26.68", "0"]


@st.composite
def ladders(draw: st.DrawFn) -> tuple[Levels, Levels]:
    middle = draw(st.integers(2, 98))
    sizes = st.integers(1, 500).map(lambda n: Qty(n * MICRO))
    bids = draw(st.dictionaries(st.integers(1, middle - 1), sizes, max_size=6))
    asks = draw(st.dictionaries(st.integers(middle, 99), sizes, max_size=6))
    return (
        tuple((Px(px * 10_000), qty) for px, qty in sorted(bids.items(), reverse=True)),
        tuple((Px(px * 10_000), qty) for px, qty in sorted(asks.items())),
    )


@settings(deadline=None)
@given(st.lists(ladders(), min_size=1, max_size=6))
def test_no_element_crosses_the_book_and_each_states_the_top_after_it(
    states: list[tuple[Levels, Levels]],
) -> None:
    shown = Shown(listed())
    sides: dict[str, dict[int, int]] = {"BUY": {}, "SELL": {}}
    for bids, asks in states:
        for element in level_elements(shown, bids, asks):
            if element["asset_id"] != YES:
                continue
            px, qty = micros_from_text(element["price"]), micros_from_text(element["size"])
            sides[element["side"]][px] = qty
            if not qty:
                del sides[element["side"]][px]
            bid, ask = max(sides["BUY"], default=0), min(sides["SELL"], default=MICRO)
            assert bid < ask
            assert (text(bid), text(ask)) == (element["best_bid"], element["best_ask"])
        assert (sides["BUY"], sides["SELL"]) == (dict(bids), dict(asks))
