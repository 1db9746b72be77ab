"""The fake venue's small public answers: prices of one token, its grid, its market's record, and
what a decided market pays.

Invariants: nothing here is needed to trade that the book does not say too; `/fee-rate` answers the
legacy figure, which is not the fee; `/price` follows the guide (BUY is the best ask), though the
venue's own pages contradict one another. Source: polymarket sheet 4.3, 4.4, 6.4, read 2026-11-20.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from feeds.venues.base import Reply, Request
from feeds.venues.polymarket.desk.answers import BAD_SIDE, NO_BOOK, NO_TOKEN, answer, refuse
from feeds.venues.polymarket.shapes import Shown, text
from markets.terms.units import MICRO, Px

LEGACY_FEE_BPS = 1_000
UNSET_PRICE = 69


class Prices:
    """Answers `GET`s about single tokens and markets; None when the path is another's."""

    def __init__(self, by_native: Mapping[str, Shown], by_token: Mapping[str, Shown]) -> None:
        self._by_native = by_native
        self._by_token = by_token
        self._of_token: dict[str, Callable[[Shown, int, dict[str, str]], Reply]] = {
            "/midpoint": lambda s, o, q: answer({"mid": text(sum(_top(s, o)) // 2)}),
            "/spread": lambda s, o, q: answer({"spread": text(_top(s, o)[1] - _top(s, o)[0])}),
            "/price": _price,
            "/last-trade-price": _last,
            "/tick-size": lambda s, o, q: answer({"minimum_tick_size": _number(s.step)}),
            "/neg-risk": lambda s, o, q: answer({"neg_risk": s.traits.neg_risk}),
            "/fee-rate": lambda s, o, q: answer({"base_fee": LEGACY_FEE_BPS}),
        }

    def answer(self, request: Request) -> Reply | None:
        """The reply, or None when nothing here is meant."""
        query = dict(request.query)
        family, _, name = request.path.removeprefix("/").partition("/")
        if request.method != "GET":
            return None
        if request.path in self._of_token:
            return self._token(request.path, query)
        if family == "markets" and name:
            return self._market(self._by_native.get(name))
        if family == "markets-by-token" and name:
            return self._by_its_token(name)
        if request.path == "/v2/resolutions":
            return self._resolutions(query)
        return None

    def _token(self, path: str, query: dict[str, str]) -> Reply:
        token = query.get("token_id", "")
        if not (token.isascii() and token.isdecimal()):
            return refuse(400, NO_TOKEN)
        shown = self._by_token.get(token)
        if shown is None or shown.is_closed:
            return refuse(404, NO_BOOK)
        return self._of_token[path](shown, shown.outcome_of(token), query)

    def _by_its_token(self, token: str) -> Reply:
        shown = self._by_token.get(token)
        if shown is None:
            return refuse(404, NO_BOOK)
        yes, no = shown.listed.tokens
        return answer(
            {
                "condition_id": shown.listed.native,
                "primary_token_id": yes,
                "secondary_token_id": no,
            }
        )

    def _market(self, shown: Shown | None) -> Reply:
        """The CLOB's own record of a market, where a settlement is read."""
        if shown is None:
            return refuse(404, "market not found")
        listed = shown.listed
        pays = shown.pays
        return answer(
            {
                "condition_id": listed.native,
                "question": listed.title,
                "tokens": [
                    {
                        "token_id": token,
                        "outcome": listed.outcomes[place],
                        "price": _number(pays[place] if pays else sum(_top(shown, place)) // 2),
                        "winner": pays is not None and pays[place] == MICRO,
                    }
                    for place, token in enumerate(listed.tokens)
                ],
                "minimum_order_size": shown.traits.min_shares,
                "minimum_tick_size": _number(shown.step),
                "active": True,
                "closed": shown.is_closed,
                "archived": False,
                "accepting_orders": shown.is_accepting and not shown.is_closed,
                "enable_order_book": True,
                "seconds_delay": shown.delay // 1_000_000_000,
                "neg_risk": shown.traits.neg_risk,
                "is_50_50_outcome": pays is not None and pays[0] == pays[1],
            }
        )

    def _resolutions(self, query: dict[str, str]) -> Reply:
        """Payouts in millionths of a dollar; undecided markets say 69."""
        wanted = query.get("condition_id")
        found = [s for n, s in self._by_native.items() if wanted in (None, n)]
        rows = [
            {"condition_id": s.listed.native, "payouts": list(s.pays or (UNSET_PRICE,) * 2)}
            for s in found
        ]
        return answer({"data": rows, "pagination": {"has_more": False, "next_cursor": None}})


def _top(shown: Shown, outcome: int) -> tuple[int, int]:
    bid, ask = shown.top()
    return (bid, ask) if outcome == 0 else (MICRO - ask, MICRO - bid)


def _price(shown: Shown, outcome: int, query: dict[str, str]) -> Reply:
    bid, ask = _top(shown, outcome)
    side = query.get("side", "").upper()
    if side not in ("BUY", "SELL"):
        return refuse(400, BAD_SIDE)
    return answer({"price": text(ask if side == "BUY" else bid)})


def _last(shown: Shown, outcome: int, query: dict[str, str]) -> Reply:
    """A token nobody traded has half a dollar and no side."""
    if not shown.last_trade:
        return answer({"price": "0.5", "side": ""})
    px = shown.last_px if outcome == 0 else Px(MICRO - shown.last_px)
    side = shown.last_side if outcome == 0 else {"BUY": "SELL", "SELL": "BUY"}[shown.last_side]
    return answer({"price": text(px), "side": side})


def _number(micros: int) -> Any:
    """A JSON number, written exactly."""
    return msgspec.Raw(text(micros).encode())
