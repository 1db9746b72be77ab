"""Kalshi's books and clock over REST, as our own fake answers."""

import pytest

from feeds.sim.scenario import Move
from feeds.venues.base import Reply
from feeds.venues.kalshi.adapter import KalshiAdapter
from feeds.venues.kalshi.fake import KalshiFake
from feeds.venues.kalshi.spot import told
from markets.terms.units import SECOND, Px, Qty
from tests.contract.adapter_contract import START
from tests.contract.test_kalshi import KALSHI, LISTED
from tests.unit.feeds.venues.kalshi.test_fake import FIRST, SECOND_MARKET, side
from tests.unit.feeds.venues.kalshi.test_session import Talk, drops, faults, market, sent, stale


def test_a_book_is_told_from_the_yes_side_best_first() -> None:
    fake, adapter = KalshiFake(LISTED), KalshiAdapter()
    fake.moved(Move(KALSHI, FIRST, side((42, 10), (41, 3)), side((44, 5))), START)
    markets = (market(FIRST), market(SECOND_MARKET))

    reply = fake.request(adapter.books_request(markets), START)
    found = adapter.told(markets, reply.body)

    first, second = found
    assert first.market == adapter.market_of(FIRST)
    assert first.bids == ((Px(420_000), Qty(10_000_000)), (Px(410_000), Qty(3_000_000)))
    assert first.asks == ((Px(440_000), Qty(5_000_000)),)
    assert (second.bids, second.asks) == ((), ())


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"orderbooks":[{"ticker":"A"}]}', b"[" * 2_000, b"\xff"]
)
def test_an_answer_that_is_no_book_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        told(body)


@pytest.mark.parametrize(
    "book",
    [
        b'"orderbook_fp":{"yes_dollars":[["0.4100","3.00"],["0.4200","10.00"]],"no_dollars":[]}',
        b'"orderbook_fp":{"yes_dollars":[["0.4100","3.00"],["0.4200","10.00"]]}',
        b'"orderbook":{"yes":[[41,3],[42,10]],"no":null}',
    ],
)
def test_a_book_of_any_documented_shape_is_told_alike(book: bytes) -> None:
    (found,) = told(b'{"orderbooks":[{"ticker":"A",' + book + b"}]}")

    assert found.bids == ((Px(420_000), Qty(10_000_000)), (Px(410_000), Qty(3_000_000)))
    assert found.asks == ()
    assert found.older == book.startswith(b'"orderbook"')


def test_a_price_that_is_none_is_refused() -> None:
    body = b'{"orderbooks":[{"ticker":"A","orderbook_fp":{"yes_dollars":[["NaN","1"]]}}]}'
    with pytest.raises(ValueError, match="NaN"):
        told(body)


def test_the_time_is_that_of_the_date_header() -> None:
    adapter = KalshiAdapter()
    date = ("date", "Thu, 18 Nov 2026 10:40:05 GMT")

    said = adapter.told_time(Reply(200, (date,), b""))

    assert said is not None
    assert said % SECOND == 0
    assert adapter.told_time(Reply(200, (), b"")) is None


def test_a_doubted_book_is_stale_and_asked_for_again() -> None:
    talk = Talk().subscribed()
    talk.at = type(talk.at)(talk.at + SECOND)

    outputs = talk.session.doubted(market("A").id, "disagrees_with_rest", talk.at)

    assert stale(outputs) == {"kalshi:A"}
    assert faults(outputs) == ["disagrees_with_rest"]
    assert sent(outputs)[0]["params"]["market_tickers"] == ["A"]
    assert not drops(outputs)
    assert talk.session.doubted(market("A").id, "disagrees_with_rest", talk.at) == []
