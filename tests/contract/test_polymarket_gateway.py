"""Orders with money at Polymarket: every row of the sheet's failure tables, at the strict fake."""

from __future__ import annotations

from typing import Any

import pytest

from feeds.sim.scenario import Move
from feeds.venues.polymarket import account, encode
from feeds.venues.polymarket.desk.limiter import Lane
from feeds.venues.polymarket.desk.moods import Mood
from feeds.venues.polymarket.desk.records import CANCELED, LIVE
from feeds.venues.polymarket.shapes import Traits
from feeds.venues.polymarket.signing import WalletKind
from markets.terms.units import MICRO, MS, SECOND, Ns, Px, Qty, Usd
from tests.contract.polymarket_desk import levels
from tests.contract.polymarket_gateway import QUICK, Trade, trade
from tests.contract.test_polymarket import POLYMARKET
from trading.engine.events import (
    OrderAccepted,
    OrderCancelled,
    OrderDelayed,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
)
from trading.engine.orders import Finality, Purpose, Side, TimeInForce
from trading.runtime.gateway import VenueUnreachable


def moved(desk: Trade, bids: str, asks: str, trade: tuple[Px, Qty, Side] | None = None) -> Move:
    """Others' ladders from now on."""
    native = desk.desk.native
    return Move(POLYMARKET, native, levels(bids), levels(asks), trade, desk.clock.now())


def totals(desk: Trade) -> tuple[int, int, int]:
    """Contracts, money and fees over all fills that count."""
    fills = [f for f in desk.fills().values() if f.finality is not Finality.FAILED]
    return (
        sum(f.qty for f in fills),
        sum(f.px * f.qty // MICRO for f in fills),
        sum(f.fee for f in fills),
    )


@pytest.mark.parametrize("kind", WalletKind)
@pytest.mark.parametrize(
    "traits", [Traits(), Traits(neg_risk=True), Traits(version="v2")], ids=["v1", "neg-risk", "v2"]
)
async def test_every_wallet_trades_every_kind_of_market_under_the_computed_id(
    kind: WalletKind, traits: Traits
) -> None:
    async with trade(kind, traits=traits) as desk:
        request = await desk.place("0.44")

        [accepted] = desk.said(OrderAccepted)
        assert accepted.venue_order == desk.trader.known.id(request.id)
        assert totals(desk) == (10 * MICRO, 4_400_000, 123_200)
        assert desk.names() == ["OrderAccepted", "OrderFilled"]


async def test_a_purchase_never_brings_more_shares_than_were_asked_for() -> None:
    async with trade() as desk:
        await desk.place("0.45", "90")

        assert totals(desk)[0] == 90 * MICRO
        assert desk.desk.book()[1] == {"0.45": "10"}


async def test_the_rest_of_an_immediate_purchase_does_not_rest() -> None:
    async with trade() as desk:
        await desk.place("0.44", "100")

        [ended] = desk.said(OrderCancelled)
        assert ended.filled == 80 * MICRO == totals(desk)[0]
        assert [p.status for p in desk.placed.values()] == [CANCELED]
        assert desk.names() == ["OrderAccepted", "OrderFilled", "OrderCancelled"]


async def test_an_immediate_sale_that_finds_nobody_is_cancelled_with_nothing_filled() -> None:
    async with trade(held="50") as desk:
        await desk.place("0.43", side=Side.SELL)

        [ended] = desk.said(OrderCancelled)
        assert ended.filled == 0
        assert "no orders found" in ended.reason


async def test_a_sale_takes_what_is_there_and_drops_the_rest() -> None:
    async with trade(held="120") as desk:
        await desk.place("0.42", "120", side=Side.SELL)

        [ended] = desk.said(OrderCancelled)
        assert ended.filled == 100 * MICRO
        assert desk.names() == ["OrderAccepted", "OrderFilled", "OrderCancelled"]


async def test_a_fak_that_is_answered_live_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    async with trade(held="50") as desk:
        monkeypatch.setattr(encode, "type_of", lambda request: "GTC")
        await desk.place("0.43", side=Side.SELL)

        assert [p.status for p in desk.placed.values()] == [CANCELED]
        assert desk.said(OrderCancelled)[0].filled == 0


async def test_a_limit_order_rests_until_it_is_cancelled() -> None:
    async with trade() as desk:
        request = await desk.place("0.40", tif=TimeInForce.GTC, post_only=True)
        assert desk.names() == ["OrderAccepted"]

        await desk.gateway.cancel(request.id, request.market)
        assert desk.said(OrderCancelled)[0].filled == 0


async def test_an_order_that_ends_by_itself_ends_when_it_was_told_to() -> None:
    async with trade() as desk:
        ends = Ns(desk.clock.now() + 600 * SECOND)
        await desk.place("0.40", tif=TimeInForce.GTC, expires_at=ends)

        [placed] = desk.placed.values()
        assert (placed.kind, placed.expiration) == ("GTD", ends // SECOND + 60)


@pytest.mark.parametrize(
    ("px", "count", "more", "words"),
    [
        ("0.4050", "10", {}, "off the market's grid"),
        ("0.44", "10.001", {}, "more than two decimals"),
        ("0.44", "4.99", {}, "below the least"),
        ("0.10", "9", {}, "below the least"),
        ("0.44", "10", {"post_only": True}, "cannot be immediate"),
        ("0.44", "10.01", {"tif": TimeInForce.FOK}, "too many decimals"),
        ("0.44", "10", {"outcome": 2}, "no token"),
    ],
)
async def test_what_the_venue_refuses_for_its_form_never_leaves(
    px: str, count: str, more: dict[str, Any], words: str
) -> None:
    async with trade() as desk:
        await desk.place(px, count, **more)

        [no] = desk.said(OrderRejected)
        assert no.code == "infeasible"
        assert words in no.text
        assert not desk.placed


async def test_fill_or_kill_fills_all_or_nothing() -> None:
    async with trade() as desk:
        await desk.place("0.44", "10", tif=TimeInForce.FOK)
        assert totals(desk)[0] == 10 * MICRO
        await desk.place("0.44", "100", tif=TimeInForce.FOK)
        assert desk.said(OrderCancelled)[0].filled == 0
        assert "fully filled or killed" in desk.said(OrderCancelled)[0].reason


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("not enough balance / allowance", "no_balance"),
        ("invalid signature", "signature"),
        ("order 0x1 is invalid. Price (0.44) breaks minimum tick size rule: 0.1", "tick"),
        ("something new", "refused"),
    ],
)
async def test_a_refusal_is_told_with_the_venues_words(words: str, code: str) -> None:
    async with trade() as desk:
        desk.fault("reject", code=words)
        await desk.place("0.44")

        [no] = desk.said(OrderRejected)
        assert (no.code, no.text) == (code, words)


async def test_an_order_whose_answer_never_comes_is_found_by_its_computed_id() -> None:
    async with trade() as desk:
        desk.fault("unanswered")
        request = desk.request("0.44")
        with pytest.raises(VenueUnreachable) as lost:
            await desk.gateway.place(request)
        assert lost.value.sent

        await desk.query(request)
        assert totals(desk)[0] == 10 * MICRO
        assert len(desk.placed) == 1


async def test_after_a_restart_an_order_is_found_from_the_journals_request_alone() -> None:
    async with trade() as desk:
        desk.fault("unanswered")
        request = desk.request("0.40", tif=TimeInForce.GTC)
        with pytest.raises(VenueUnreachable):
            await desk.gateway.place(request)
        desk.remember(request)
        desk.begin()
        await desk.gateway.statement()
        await desk.query(request)

        assert desk.said(OrderAccepted)[0].venue_order in desk.placed


async def test_an_immediate_order_found_resting_after_a_restart_is_cancelled() -> None:
    async with trade() as desk:
        desk.fault("unanswered")
        request = desk.request("0.43")
        with pytest.raises(VenueUnreachable):
            await desk.gateway.place(request)
        assert [p.status for p in desk.placed.values()] == [LIVE]
        await desk.query(request)

        assert [p.status for p in desk.placed.values()] == [CANCELED]
        assert desk.said(OrderCancelled)[0].filled == 0


async def test_an_order_that_never_arrived_is_unknown_at_first_and_absent_later() -> None:
    async with trade() as desk:
        desk.fault("broken", seconds=30, status=502)
        young = desk.request("0.44")
        await desk.gateway.place(young)
        assert desk.names() == ["OrderUnknown"]
        desk.server._trouble._until.clear()

        await desk.query(young)
        assert desk.names() == ["OrderUnknown", "OrderUnknown"]
        old = desk.request("0.44", placed_at=Ns(desk.clock.now() - 11 * SECOND))
        await desk.query(desk.remember(old))
        assert desk.said(OrderRejected)[0].code == "not_found"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 403])
async def test_an_answer_without_a_clear_word_is_unknown(status: int) -> None:
    async with trade() as desk:
        desk.fault("broken", seconds=30, status=status)
        await desk.place("0.44")

        assert desk.names() == ["OrderUnknown"]


async def test_too_many_requests_without_the_limiters_headers_is_unknown() -> None:
    async with trade() as desk:
        desk.fault("storm", seconds=30)
        await desk.place("0.44")

        assert desk.names() == ["OrderUnknown"]


async def test_too_many_requests_with_the_limiters_headers_is_a_refusal() -> None:
    async with trade() as desk:
        for _ in range(60):
            desk.desk.fake.office.calls.limiter.admit(
                desk.me.owner, Lane.ORDER, 1, desk.clock.now()
            )
        await desk.place("0.44")

        assert desk.said(OrderRejected)[0].code == "rate_limited"


async def test_success_with_an_error_inside_is_a_refusal() -> None:
    async with trade() as desk:
        desk.fault("error_body")
        await desk.place("0.44")

        [no] = desk.said(OrderRejected)
        assert no.text == "internal error"


async def test_the_same_order_sent_again_is_answered_by_looking() -> None:
    async with trade() as desk:
        request = await desk.place("0.44")
        await desk.gateway.place(request)

        assert len(desk.placed) == 1
        assert totals(desk)[0] == 10 * MICRO
        assert not desk.said(OrderRejected)


async def test_a_restarting_engine_did_not_take_the_order_and_that_is_verified() -> None:
    async with trade() as desk:
        desk.fault("mode", mode="restart", seconds=20)
        await desk.place("0.44")

        assert desk.said(OrderRejected)[0].code == "restarting"


@pytest.mark.parametrize(
    ("mode", "code"),
    [("post_only", "post_only"), ("cancel_only", "cancel_only"), ("disabled", "disabled")],
)
async def test_a_mode_of_the_venue_is_a_refusal_with_its_name(mode: str, code: str) -> None:
    async with trade() as desk:
        desk.fault("mode", mode=mode, seconds=30)
        await desk.place("0.44")

        assert desk.said(OrderRejected)[0].code == code


async def test_a_post_only_order_passes_while_only_those_are_let_in() -> None:
    async with trade() as desk:
        desk.fault("mode", mode="post_only", seconds=30)
        await desk.place("0.40", tif=TimeInForce.GTC, post_only=True)

        assert desk.names() == ["OrderAccepted"]


async def test_a_cancel_while_the_venue_takes_none_leaves_the_order_unknown() -> None:
    async with trade() as desk:
        request = await desk.place("0.40", tif=TimeInForce.GTC)
        desk.desk.fake.office.calls.moods.switch(Mood.DISABLED, desk.clock.now(), Ns(0))
        await desk.gateway.cancel(request.id, request.market)

        assert "disabled" in desk.said(OrderUnknown)[0].reason


async def test_a_cancel_that_comes_after_the_fill_tells_the_fill() -> None:
    async with trade() as desk:
        request = await desk.place("0.40", tif=TimeInForce.GTC)
        desk.fault("race")
        await desk.gateway.cancel(request.id, request.market)

        assert totals(desk)[0] == 10 * MICRO
        assert not desk.said(OrderCancelled)


async def test_a_delayed_order_is_told_and_its_rest_cancelled_once_the_delay_is_over() -> None:
    async with trade(traits=Traits(delay=Ns(300 * MS))) as desk, desk.running():
        request = desk.request("0.44", "100")
        desk.remember(request)
        await desk.gateway.place(request)
        [delay] = desk.said(OrderDelayed)
        assert delay.until > delay.at
        await desk.until(lambda: bool(desk.said(OrderCancelled)))

        assert totals(desk)[0] == 80 * MICRO
        assert [p.status for p in desk.placed.values()] == [CANCELED]


async def test_an_order_that_came_out_of_its_delay_unmatched_does_not_stay() -> None:
    async with trade(traits=Traits(delay=Ns(300 * MS))) as desk, desk.running():
        request = desk.remember(desk.request("0.44", "20"))
        await desk.gateway.place(request)
        desk.server.moved(moved(desk, "0.42x100", "0.50x10"))
        await desk.until(lambda: bool(desk.said(OrderCancelled)))

        assert desk.said(OrderCancelled)[0].filled == 0
        assert [p.status for p in desk.placed.values()] == [CANCELED]


async def test_a_ghost_fill_is_taken_back_under_the_same_key() -> None:
    async with trade(habits=QUICK) as desk, desk.running():
        desk.fault("ghost")
        desk.remember(await desk.place("0.44"))
        await desk.until(lambda: any(f.finality is Finality.FAILED for f in desk.fills().values()))

        told = [(e.fill.key, e.fill.finality) for e in desk.said(OrderFilled)]
        assert len({key for key, _ in told}) == 1
        assert told[0][1] is Finality.MATCHED
        assert totals(desk)[0] == 0


async def test_a_fill_that_failed_while_the_socket_was_away_is_taken_back_too() -> None:
    async with trade(habits=QUICK) as desk:
        desk.fault("ghost")
        desk.remember(await desk.place("0.44"))
        await desk.until(lambda: desk.trades[0].status == "FAILED")
        await desk.gateway.statement()

        assert totals(desk)[0] == 0


async def test_a_fill_is_made_final_once_and_the_copies_of_socket_and_rest_share_its_key() -> None:
    async with trade(habits=QUICK) as desk, desk.running():
        desk.remember(await desk.place("0.44"))
        await desk.until(lambda: any(f.finality is Finality.FINAL for f in desk.fills().values()))
        await desk.gateway.statement()

        assert len(desk.fills()) == 1
        finals = [e for e in desk.said(OrderFilled) if e.fill.finality is Finality.FINAL]
        assert {e.fill.key for e in finals} == {e.fill.key for e in desk.said(OrderFilled)}


async def test_a_resting_order_that_somebody_takes_is_a_fill_without_a_fee() -> None:
    async with trade() as desk, desk.running():
        desk.remember(await desk.place("0.43", tif=TimeInForce.GTC))
        desk.server.moved(
            moved(desk, "0.42x100", "0.44x80", (Px(430_000), Qty(10 * MICRO), Side.SELL))
        )
        await desk.until(lambda: bool(desk.said(OrderFilled)))

        assert totals(desk) == (10 * MICRO, 4_300_000, 0)


async def test_without_heartbeats_the_venue_cancels_everything_and_we_learn_it() -> None:
    async with trade() as desk, desk.running():
        desk.remember(await desk.place("0.40", tif=TimeInForce.GTC))
        heartbeats = desk.desk.fake.office.calls.heartbeats
        [key] = heartbeats._armed
        name, heard = heartbeats._armed[key]
        heartbeats._armed[key] = (name, Ns(heard - 11 * SECOND))
        heartbeats._checked = Ns(0)
        await desk.until(lambda: bool(desk.said(OrderCancelled)))

        assert [p.status for p in desk.placed.values()] == [CANCELED]


async def test_a_heartbeat_with_a_stale_id_goes_on_with_the_one_the_venue_expects() -> None:
    async with trade() as desk:
        calls = desk.desk.fake.office.calls.heartbeats
        api = desk.trader.known.who.api
        assert api is not None
        calls.beat(api.reveal().api_key, "", desk.clock.now())
        following, _ = await desk.gateway._carry(account.beat("", desk.clock.now()))

        assert following == calls._armed[api.reveal().api_key][0]


async def test_the_statement_tells_free_money_shares_and_every_page_of_open_orders() -> None:
    async with trade(held="50") as desk:
        mine = [
            desk.remember(await desk.place(px, tif=TimeInForce.GTC))
            for px in ("0.40", "0.39", "0.38")
        ]
        told = await desk.gateway.statement()

        assert told.complete
        assert told.cash == Usd(1000 * MICRO - 10 * (400_000 + 390_000 + 380_000))
        assert told.holdings == ((desk.market.id, 0, Qty(50 * MICRO)),)
        assert [o.order for o in told.orders] == [r.id for r in mine]
        assert told.asked_at <= told.at


async def test_a_statement_while_a_trade_is_on_its_way_proves_nothing() -> None:
    async with trade() as desk:
        desk.remember(await desk.place("0.44"))

        assert not (await desk.gateway.statement()).complete


async def test_a_statement_without_the_money_is_none() -> None:
    async with trade() as desk:
        desk.fault("broken", seconds=30)

        with pytest.raises(VenueUnreachable):
            await desk.gateway.statement()


async def test_no_deal_is_opened_from_a_place_the_venue_bars_but_hedges_pass() -> None:
    async with trade() as desk, desk.running():
        desk.desk.fake.office.outside.place.blocked = True
        await desk.gateway._carry(account.may_trade(desk.trader.known, desk.clock.now()))
        await desk.place("0.44")
        assert desk.said(OrderRejected)[0].code == "geoblock"
        await desk.place("0.44", purpose=Purpose.HEDGE)
        assert totals(desk)[0] == 10 * MICRO


async def test_no_deal_is_opened_by_an_account_that_may_only_close() -> None:
    async with trade() as desk:
        desk.desk.fake.office.calls.closed_only[desk.me.owner] = None
        await desk.gateway._carry(account.may_trade(desk.trader.known, desk.clock.now()))
        await desk.place("0.44")

        assert desk.said(OrderRejected)[0].code == "closed_only"


async def test_no_deal_is_opened_before_the_place_was_asked() -> None:
    async with trade() as desk:
        desk.begin()
        await desk.gateway.statement()
        await desk.place("0.44")

        assert desk.said(OrderRejected)[0].code == "unchecked"


async def test_a_wallet_that_did_not_approve_the_exchange_opens_nothing() -> None:
    async with trade(approved=False) as desk:
        await desk.place("0.44")

        [no] = desk.said(OrderRejected)
        assert no.code == "allowance"
        assert "0xE111180000d2663C0091e4f400237545B87B996B" in no.text


async def test_the_api_key_is_derived_and_the_same_one_is_found_again() -> None:
    async with trade() as desk:
        first = desk.trader.known.who.api
        desk.begin()
        await desk.gateway.statement()

        assert first is not None
        assert desk.trader.known.who.api == first
