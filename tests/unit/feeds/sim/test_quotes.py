"""Ladders of an invented market."""

from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.sim.chance import Chance
from feeds.sim.quotes import Quotes
from markets.terms.units import MICRO, Px
from trading.engine.orders import Side

FAIRS = st.lists(st.integers(0, MICRO), min_size=1, max_size=20)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.sampled_from((1_000, 10_000)), FAIRS)
def test_a_book_is_never_crossed_and_always_on_the_grid(
    seed: int, tick: int, fairs: list[int]
) -> None:
    quotes = Quotes(Px(tick), Chance(seed))
    for fair in fairs:
        quotes.stand(fair)
        quotes.shake()
        quotes.trade()
        bids, asks = quotes.ladders()
        assert bids[0][0] < asks[0][0]
        assert bids[0][0] >= 30_000
        assert asks[0][0] <= 970_000
        assert [px for px, _ in bids] == sorted((px for px, _ in bids), reverse=True)
        assert [px for px, _ in asks] == sorted(px for px, _ in asks)
        assert all(px % tick == 0 and 0 < px < MICRO and qty > 0 for px, qty in bids + asks)
        assert len(bids) <= 10 and len(asks) <= 10  # noqa: PT018  one fact about both sides


def test_a_book_has_five_to_ten_levels_away_from_the_edges() -> None:
    for seed in range(30):
        quotes = Quotes(Px(10_000), Chance(seed))
        quotes.stand(500_000)
        bids, asks = quotes.ladders()
        assert 5 <= len(bids) == len(asks) <= 10


def test_quoting_the_same_price_again_mostly_changes_nothing() -> None:
    quotes = Quotes(Px(10_000), Chance(5))
    quotes.stand(500_000)
    assert sum(quotes.stand(500_000) for _ in range(40)) < 20


def test_a_level_that_stays_keeps_its_size() -> None:
    quotes = Quotes(Px(10_000), Chance(5))
    quotes.stand(500_000)
    before = dict(quotes.ladders()[0])
    quotes.stand(510_000)
    after = dict(quotes.ladders()[0])
    kept = before.keys() & after.keys()
    assert kept
    assert all(before[px] == after[px] for px in kept)


def test_a_trade_takes_from_the_best_level_of_its_side() -> None:
    quotes = Quotes(Px(10_000), Chance(5))
    quotes.stand(500_000)
    bids, asks = quotes.ladders()
    px, qty, side = quotes.trade()
    best = asks[0] if side is Side.BUY else bids[0]
    after = quotes.ladders()[1 if side is Side.BUY else 0][0]
    assert px == best[0] == after[0]
    assert after[1] == max(MICRO, best[1] - qty)
