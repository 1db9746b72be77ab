"""What Gamma's pages become; the fields of a market are held by the contract's payloads."""

import pytest

from feeds.sim.scenario import Scenario
from feeds.venues.base import Reply
from feeds.venues.polymarket.catalogue import GammaCatalogue
from feeds.venues.polymarket.fake import PolymarketFake
from markets.terms.instruments import MarketState
from tests.unit.feeds.venues.polymarket.scene import START, catalogue_of


def test_the_first_page_asks_for_open_events_a_hundred_at_a_time() -> None:
    (request,) = GammaCatalogue().first()
    assert (request.host, request.path) == ("gamma", "/events/keyset")
    assert request.query == (("closed", "false"), ("limit", "100"))
    assert ("User-Agent", "arbsite/0.1") in request.headers


def test_every_page_is_walked() -> None:
    scenario = Scenario(3, 260, START)
    ours = [each for each in scenario.listed if each.venue == "polymarket"]
    found = catalogue_of(PolymarketFake(scenario.listed))
    assert {each.native for each in found} == {each.native for each in ours}
    assert all(each.state is MarketState.OPEN for each in found)
    assert all(each.fees.kind == "polymarket_taker" for each in found)


def test_a_cursor_that_repeats_ends_the_walk() -> None:
    catalogue = GammaCatalogue()
    body = b'{"events":[],"next_cursor":"abc"}'
    _, more = catalogue.parse(catalogue.first()[0], Reply(200, (), body))
    assert len(more) == 1
    assert catalogue.parse(more[0], Reply(200, (), body)) == ([], [])


@pytest.mark.parametrize("reply", [Reply(503, (), b""), Reply(200, (), b"<html>")])
def test_an_answer_that_is_no_page_is_refused_in_a_sentence(reply: Reply) -> None:
    catalogue = GammaCatalogue()
    with pytest.raises(ValueError, match="Polymarket"):
        catalogue.parse(catalogue.first()[0], reply)


@pytest.mark.parametrize("tick", ["0.03", "0", "0.0000001", "1e30"])
def test_a_tick_that_does_not_divide_a_dollar_leaves_the_market_out(tick: str) -> None:
    catalogue = GammaCatalogue()
    body = (
        '{"events":[{"id":"1","markets":[{"conditionId":"0x1","question":"?",'
        f'"outcomes":["Yes","No"],"orderPriceMinTickSize":{tick}}}]}}]}}'
    )
    found, _ = catalogue.parse(catalogue.first()[0], Reply(200, (), body.encode()))
    assert found == []
    assert catalogue.skipped == {"malformed_market": 1}


def test_a_walk_goes_on_from_the_page_it_was_stopped_before() -> None:
    catalogue = GammaCatalogue()
    _, waiting = catalogue.parse(
        catalogue.first()[0], Reply(200, (), b'{"events":[],"next_cursor":"abc"}')
    )
    mark = catalogue.mark(waiting)

    assert mark == waiting[0]
    assert GammaCatalogue().again(waiting[0]) == [mark]
    assert catalogue.mark([]) is None
    assert catalogue.since(START) is None


def test_an_event_is_asked_for_by_its_slug_and_one_that_is_gone_is_counted() -> None:
    scenario = Scenario(3, 4, START)
    ours = [each for each in scenario.listed if each.venue == "polymarket"]
    fake, catalogue = PolymarketFake(scenario.listed), GammaCatalogue()
    here, gone = catalogue.named((ours[0].event, "never/was"))

    found, _ = catalogue.parse(here, fake.request(here, START))
    assert [each.market.native for each in found] == [ours[0].native]
    assert found[0].details.starts_at == ours[0].starts_at

    assert catalogue.parse(gone, fake.request(gone, START)) == ([], [])
    assert catalogue.skipped == {"event_not_found": 1}
