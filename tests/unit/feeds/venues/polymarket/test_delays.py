"""How long takers wait, read from where the venue says it; the longest where it cannot be read."""

import pytest

from feeds.venues.base import Reply
from feeds.venues.polymarket import delays
from feeds.venues.polymarket.catalogue import GammaCatalogue
from feeds.venues.polymarket.fake import PolymarketFake
from feeds.venues.polymarket.shapes import Traits
from markets.terms.instruments import Market
from markets.terms.units import MS, SECOND, Ns
from tests.unit.feeds.venues.polymarket.scene import NATIVE, START, catalogue_of, listed

HOLD = Traits(taker_hold=Ns(150 * MS))


def served(traits: Traits) -> Market:
    """The market as a whole walk finds it."""
    (found,) = catalogue_of(PolymarketFake((listed(),), traits={NATIVE: traits}))
    return found


def test_a_taker_delay_is_read_from_the_markets_own_terms() -> None:
    assert served(HOLD).delay_ms == delays.TAKER_DELAY_MS
    assert served(Traits()).delay_ms == 0
    assert served(Traits(delay=Ns(3 * SECOND))).delay_ms == 3_000


def test_a_market_waits_for_its_terms_and_the_walk_is_marked_only_after_them() -> None:
    fake, catalogue = PolymarketFake((listed(),), traits={NATIVE: HOLD}), GammaCatalogue()
    page = fake.request(catalogue.first()[0], START)
    listings, asked = catalogue.parse(catalogue.first()[0], page)

    assert listings == []
    assert [request.path for request in asked] == [f"/clob-markets/{NATIVE}"]
    assert catalogue.mark(asked) is None
    (found,), more = catalogue.parse(asked[0], fake.request(asked[0], START))
    assert (found.market.delay_ms, more) == (150, [])


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, (), b""),
        Reply(200, (), b"<html>"),
        Reply(200, (), b"[" * 100_000),
        Reply(200, (), b'{"c":"0x99","itode":false}'),
    ],
)
def test_terms_that_cannot_be_read_are_the_longest_delay(reply: Reply) -> None:
    fake, catalogue = PolymarketFake((listed(),), traits={NATIVE: HOLD}), GammaCatalogue()
    _, (asked,) = catalogue.parse(catalogue.first()[0], fake.request(catalogue.first()[0], START))

    (found,), _ = catalogue.parse(asked, reply)
    assert found.market.delay_ms == delays.UNREAD_MS
    assert catalogue.skipped == {"terms_unread": 1}


def test_both_delays_add_up_and_the_longer_word_about_sports_counts() -> None:
    body = f'{{"c":"{NATIVE}","sd":2,"itode":true}}'.encode()
    assert delays.delay_ms(1_000, NATIVE, Reply(200, (), body)) == 2_150
    assert delays.delay_ms(3_000, NATIVE, Reply(200, (), body)) == 3_150


def test_an_answer_nobody_waits_for_lists_nothing() -> None:
    catalogue = GammaCatalogue()
    asked = delays.request_of(NATIVE)
    assert catalogue.parse(asked, Reply(200, (), b"{}")) == ([], [])
