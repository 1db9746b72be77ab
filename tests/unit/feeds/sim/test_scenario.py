"""The scripted world as a whole."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.sim.scenario import Listed, Move, Rates, Scenario, amended
from markets.terms.units import MICRO, MS, SECOND, Ns

START = Ns(1_795_000_000 * SECOND)


def world(seed: int = 7, pairs: int = 30) -> Scenario:
    return Scenario(seed, pairs, START)


def later(milliseconds: int) -> Ns:
    return Ns(START + milliseconds * MS)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 900), min_size=1, max_size=8))
def test_the_same_seed_and_times_give_the_same_moves(seed: int, pauses: list[int]) -> None:
    first, second = world(seed, 4), world(seed, 4)
    assert first.listed == second.listed
    elapsed = 0
    for pause in pauses:
        elapsed += pause
        assert first.advance(later(elapsed)) == second.advance(later(elapsed))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_no_book_is_ever_crossed_at_one_venue(seed: int) -> None:
    scenario = world(seed, 6)
    for step in range(1, 40):
        for move in scenario.advance(later(step * 500)):
            assert move.bids[0][0] < move.asks[0][0]


def test_how_often_it_is_asked_does_not_change_what_happens() -> None:
    often, seldom = world(), world()
    told = [move for step in range(1, 101) for move in often.advance(later(step * 10))]
    assert told == seldom.advance(later(1_000))


def test_the_first_answer_holds_a_book_of_every_market() -> None:
    scenario = world()
    first = scenario.advance(START)
    assert {(m.venue, m.native) for m in first} == {(m.venue, m.native) for m in scenario.listed}


def test_about_a_hundred_and_fifty_moves_a_second_and_times_never_go_back() -> None:
    scenario = world()
    scenario.advance(START)
    moves = [move for step in range(1, 21) for move in scenario.advance(later(step * 1_000))]
    assert 120 < len(moves) / 20 < 200
    assert [m.venue_at for m in moves] == sorted(m.venue_at for m in moves)
    assert any(m.trade for m in moves)


def test_the_rate_can_be_chosen() -> None:
    scenario = Scenario(7, 10, START, Rates(moves=1_000))
    scenario.advance(START)
    assert 950 < len(scenario.advance(later(1_000))) < 1_100


def test_after_a_long_pause_only_the_last_two_seconds_are_told() -> None:
    scenario = world()
    scenario.advance(START)
    moves = scenario.advance(later(3_600_000))
    assert len(moves) < 500
    assert all(m.venue_at > later(3_597_000) for m in moves)


def test_twins_name_each_other_and_six_pairs_wait_for_a_person() -> None:
    listed = world().listed
    by_native = {market.native: market for market in listed}
    paired = [market for market in listed if market.twin]
    assert len(paired) == 60
    for market in paired:
        twin = by_native[market.twin]
        assert twin.twin == market.native
        assert twin.venue != market.venue
        assert (twin.inverse, twin.confirmed) == (market.inverse, market.confirmed)
    assert sum(not market.confirmed for market in paired) == 12
    assert {market.venue for market in listed if not market.twin} == {"kalshi", "polymarket"}


def test_ids_look_like_each_venues_own() -> None:
    for market in world().listed:
        if market.venue == "kalshi":
            assert market.tokens == ()
            assert market.native.startswith(market.event)
        else:
            assert market.native.startswith("0x")
            assert len(market.native) == 66
            assert [len(token) for token in market.tokens] == [77, 77]


def test_a_market_of_another_day_or_seed_has_another_id() -> None:
    here = {market.native for market in world().listed if market.tokens}
    tomorrow = Scenario(7, 30, later(86_400_000)).listed
    assert len(here) == 33
    assert here.isdisjoint(market.native for market in tomorrow)
    assert here.isdisjoint(market.native for market in world(8).listed)


def test_edges_net_of_fees_come_and_go_in_several_pairs_within_a_minute() -> None:
    scenario = world()
    listed = {market.native: market for market in scenario.listed}
    last: dict[str, Move] = {}
    seen: set[str] = set()
    open_now = []
    for step in range(240):
        for move in scenario.advance(later(step * 250)):
            last[move.native] = move
        edges = [m.native for m in listed.values() if m.tokens and _edge(m, listed, last) > 5_000]
        seen.update(edges)
        open_now.append(len(edges))
    assert len(seen) >= 5
    assert min(open_now) <= 3


def _edge(market: Listed, listed: dict[str, Listed], last: dict[str, Move]) -> int:
    """The better of both ways round, net of both taker fees, in millionths."""
    if not market.twin:
        return -MICRO
    ours, theirs = last[market.twin], last[market.native]
    bid: int = theirs.bids[0][0]
    ask: int = theirs.asks[0][0]
    if market.inverse:
        bid, ask = MICRO - ask, MICRO - bid
    buy_ours = bid - ours.asks[0][0] - _fees(ours.asks[0][0], bid, market)
    buy_theirs = ours.bids[0][0] - ask - _fees(ours.bids[0][0], ask, market)
    return max(buy_ours, buy_theirs)


def _fees(kalshi: int, polymarket: int, market: Listed) -> int:
    theirs = market.fee_rate_ppm * polymarket * (MICRO - polymarket)
    return (70_000 * kalshi * (MICRO - kalshi) + theirs) // MICRO**2


def test_twins_begin_at_the_same_price_whichever_side_each_venue_names_first() -> None:
    scenario = world()
    first = {move.native: move for move in scenario.advance(START)}
    for market in scenario.listed:
        if market.tokens and market.twin:
            theirs, ours = _middle(first[market.native]), _middle(first[market.twin])
            assert abs(ours - (MICRO - theirs if market.inverse else theirs)) <= 40_000
    assert any(market.inverse for market in scenario.listed)


def _middle(move: Move) -> int:
    return (move.bids[0][0] + move.asks[0][0]) // 2


def test_a_market_is_reworded_by_a_sentence_and_a_game_put_off_by_hours() -> None:
    game = next(m for m in Scenario(7, 4, START).listed if m.starts_at)

    assert amended(game, "reword", {"text": " More. "}).rules == f"{game.rules}\n\nMore."
    assert game.starts_at is not None
    later_by = 2 * 3_600 * SECOND
    assert amended(game, "postpone", {"hours": 2}).starts_at == game.starts_at + later_by
    with pytest.raises(ValueError, match="reword needs a text"):
        amended(game, "reword", {"text": " "})


def test_what_is_no_game_is_not_put_off() -> None:
    other = next(m for m in Scenario(7, 4, START).listed if m.starts_at is None)
    assert amended(other, "postpone", {}) == other
