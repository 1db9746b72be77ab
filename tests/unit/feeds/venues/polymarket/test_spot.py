"""Polymarket's books and clock over REST, as our own fake answers."""

import pytest

from feeds.venues.base import Emit, Fault, Fetch, Reply
from feeds.venues.polymarket.adapter import PolymarketAdapter
from markets.terms.units import MS, SECOND, Ns
from tests.unit.feeds.venues.polymarket.scene import START, Scene, levels
from trading.engine.events import BookStale


def test_a_book_is_told_by_its_yes_token_best_first() -> None:
    scene, adapter = Scene().open(), PolymarketAdapter()
    scene.passes(1_500)
    scene.moves("0.43x7 0.40x1", "0.44x80 0.45x20")

    reply = scene.fake.request(adapter.books_request((scene.market,)), scene.at)
    (found,) = adapter.told((scene.market,), reply.body)

    assert found.market == scene.market.id
    assert found.bids == levels("0.43x7 0.40x1")
    assert found.asks == levels("0.44x80 0.45x20")
    assert found.venue_at == START + 1_500 * MS


@pytest.mark.parametrize("body", [b"", b"{}", b'[{"asset_id":"1"}]', b"[" * 2_000, b"\xff"])
def test_an_answer_that_is_no_book_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        PolymarketAdapter().told((), body)


def test_the_time_is_that_of_the_answer() -> None:
    adapter = PolymarketAdapter()
    reply = Scene().fake.request(adapter.clock_request(), Ns(START + 700 * MS))

    assert adapter.told_time(reply) == START
    assert START % SECOND == 0
    assert adapter.told_time(Reply(200, (), b"soon")) is None
    assert adapter.told_time(Reply(503, (), b"1")) is None


def test_a_doubted_book_is_stale_and_fetched_again() -> None:
    scene = Scene().open()
    scene.passes(2_000)

    outputs = scene.session.doubted(scene.market.id, "disagrees_with_rest", scene.at)

    assert Fault("disagrees_with_rest", str(scene.market.id)) in outputs
    assert any(isinstance(o, Emit) and isinstance(o.event, BookStale) for o in outputs)
    assert any(isinstance(o, Fetch) for o in outputs)
    assert scene.session.doubted(scene.market.id, "disagrees_with_rest", scene.at) == []
