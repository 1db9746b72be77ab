"""Whether a sent order is one the venue takes: its form, its signer, its signature, its amounts.

Invariants: nothing about money or the book is judged here; every refusal has the venue's words; an
order signed for another version of the exchange is told apart from a bad signature.
Source: polymarket sheet 2.5, 3.1, 3.4, 3.5 and 3.11, and the collected error texts.
"""

from typing import Literal

import msgspec

from feeds.venues.polymarket.amounts import Amounts, implied_price, is_coarse
from feeds.venues.polymarket.desk.answers import (
    BAD_EXPIRATION,
    BAD_MAKER,
    BAD_ORDER,
    BAD_OWNER,
    BAD_SIGNATURE,
    BAD_SIGNER,
    BAD_VERSION,
    OFF_TICK,
    TOO_FINE,
    TOO_SMALL,
    Refused,
)
from feeds.venues.polymarket.desk.keys import Caller
from feeds.venues.polymarket.desk.records import IMMEDIATE
from feeds.venues.polymarket.desk.wallets import Vault
from feeds.venues.polymarket.shapes import Shown, text
from feeds.venues.polymarket.signing import (
    OrderToSign,
    WalletKind,
    exchange_for,
    order_id,
    signer_of,
)
from markets.terms.units import MICRO, SECOND, Ns, Px
from trading.engine.orders import Side

SAFE_NUMBER = 1 << 53
LEAST_LIFE_S = 180
OTHER_VERSION = {"v1": "v2", "v2": "v1"}


class SentOrder(msgspec.Struct, frozen=True, rename="camel"):
    """The signed part, as it stands in the body."""

    salt: int
    maker: str
    signer: str
    token_id: str
    maker_amount: str
    taker_amount: str
    side: Literal["BUY", "SELL"]
    signature_type: int
    timestamp: str
    expiration: str
    metadata: str
    builder: str
    signature: str


class SentBody(msgspec.Struct, frozen=True, rename="camel"):
    """The body of `POST /order`."""

    order: SentOrder
    owner: str
    order_type: Literal["GTC", "GTD", "FOK", "FAK"]
    defer_exec: bool = False
    post_only: bool | None = None


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """An order whose form and signature are right. `px` is of its own outcome."""

    id: str
    caller: Caller
    wallet: str
    outcome: int
    side: Side
    px: Px
    amounts: Amounts
    kind: str
    post_only: bool
    expiration: int

    @property
    def shares(self) -> int:
        """Shares it names."""
        return self.amounts.taker if self.side is Side.BUY else self.amounts.maker

    @property
    def is_budget(self) -> bool:
        """Whether it spends money instead of buying a number of shares."""
        return self.side is Side.BUY and self.kind in IMMEDIATE


def signed_part(sent: SentOrder) -> OrderToSign:
    """The eleven fields that were signed. Errors: `Refused` when one is malformed."""
    numbers = (sent.token_id, sent.maker_amount, sent.taker_amount, sent.timestamp)
    if not all(n.isascii() and n.isdecimal() and len(n) <= 78 for n in numbers):
        raise Refused(400, BAD_ORDER)
    if not 0 <= sent.salt < SAFE_NUMBER or sent.signature_type not in tuple(WalletKind):
        raise Refused(400, BAD_ORDER)
    return OrderToSign(
        salt=sent.salt,
        maker=sent.maker,
        signer=sent.signer,
        token=sent.token_id,
        maker_amount=int(sent.maker_amount),
        taker_amount=int(sent.taker_amount),
        side=Side.BUY if sent.side == "BUY" else Side.SELL,
        kind=WalletKind(sent.signature_type),
        timestamp=int(sent.timestamp),
        metadata=sent.metadata,
        builder=sent.builder,
    )


def check(body: SentBody, caller: Caller, shown: Shown, vault: Vault, at: Ns) -> Checked:
    """The order as the venue reads it. Errors: `Refused` with the venue's words."""
    if body.owner != caller.key:
        raise Refused(400, BAD_OWNER)
    order = signed_part(body.order)
    wallet = _wallet(order, caller, vault)
    name = _signature(order, body.order.signature, wallet[1], shown)
    amounts = Amounts(order.maker_amount, order.taker_amount)
    checked = Checked(
        id=name,
        caller=caller,
        wallet=wallet[0],
        outcome=shown.outcome_of(order.token),
        side=order.side,
        px=_price(name, order, body.order_type, shown),
        amounts=amounts,
        kind=body.order_type,
        post_only=bool(body.post_only),
        expiration=_expiration(body, at),
    )
    if checked.post_only and checked.kind in IMMEDIATE:
        raise Refused(400, BAD_ORDER)
    least = shown.traits.min_shares
    if checked.shares < least * MICRO:
        raise Refused(400, TOO_SMALL.format(name, text(checked.shares), least))
    if checked.kind in IMMEDIATE and not is_coarse(order.side, amounts):
        raise Refused(400, TOO_FINE.format(body.order.side.lower()))
    return checked


def _wallet(order: OrderToSign, caller: Caller, vault: Vault) -> tuple[str, str]:
    """The wallet's address and its owner's."""
    wallet = vault.find(order.maker)
    if order.kind is WalletKind.DEPOSIT:
        is_own = wallet is not None and wallet.owner == caller.address
        if not is_own or order.signer.lower() != order.maker.lower():
            raise Refused(400, BAD_SIGNER)
    elif order.signer.lower() != caller.address.lower():
        raise Refused(400, BAD_SIGNER)
    if order.kind is WalletKind.EOA and (wallet is None or wallet.kind is not WalletKind.EOA):
        raise Refused(400, BAD_MAKER)
    if wallet is None or wallet.kind is not order.kind or wallet.owner != caller.address:
        raise Refused(400, BAD_SIGNATURE)
    return wallet.address, wallet.owner


def _signature(order: OrderToSign, signature: str, owner: str, shown: Shown) -> str:
    """The order's id, once its signature is the owner's for the right exchange."""
    traits = shown.traits
    exchange = exchange_for(traits.version, neg_risk=traits.neg_risk)
    try:
        if signer_of(signature, order, exchange) == owner:
            return order_id(order, exchange)
        others = (
            exchange_for(OTHER_VERSION[traits.version], neg_risk=risk) for risk in (False, True)
        )
        if any(signer_of(signature, order, other) == owner for other in others):
            raise Refused(400, BAD_VERSION)
    except ValueError:
        raise Refused(400, BAD_ORDER) from None
    raise Refused(400, BAD_SIGNATURE)


def _price(name: str, order: OrderToSign, kind: str, shown: Shown) -> Px:
    amounts = Amounts(order.maker_amount, order.taker_amount)
    px = implied_price(order.side, amounts, shown.step)
    is_buy = order.side is Side.BUY
    money, shares = (amounts.maker, amounts.taker) if is_buy else (amounts.taker, amounts.maker)
    if not money or not shares:
        raise Refused(400, BAD_ORDER)
    is_exact = px is not None and px * shares == money * MICRO
    is_inside = px is not None and shown.step <= px <= MICRO - shown.step
    if px is None or not is_inside or (kind not in IMMEDIATE and not is_exact):
        said = text(money * MICRO // shares)
        raise Refused(400, OFF_TICK.format(name, said, text(shown.step)))
    return px


def _expiration(body: SentBody, at: Ns) -> int:
    told = body.order.expiration
    if not (told.isascii() and told.isdecimal() and len(told) <= 12):
        raise Refused(400, BAD_EXPIRATION)
    ends = int(told)
    if body.order_type == "GTD":
        if ends * SECOND < at + LEAST_LIFE_S * SECOND:
            raise Refused(400, BAD_EXPIRATION)
    elif ends:
        raise Refused(400, BAD_EXPIRATION)
    return ends
