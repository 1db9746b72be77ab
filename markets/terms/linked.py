"""Positions in a market whose contracts exclude one another: what the account is debited.

The venue debits the greatest loss over the contracts that may win, profits counted after its share
(PredictIt). So a purchase can give money back. Gains are rounded down, losses up. One more case
counts unless the contracts held are all there are: that none of them wins.
Not here: closing a position by buying its other side, the limit per contract.
Source: predictit sheet 5, read 2026-11-20.
"""

from collections.abc import Sequence

import msgspec

from markets.terms.fees import settlement_fee
from markets.terms.instruments import FeeSchedule
from markets.terms.units import ONE, Px, Qty, Rounding, Usd, times

NONE_OF_THEM = ""


class Held(msgspec.Struct, frozen=True, gc=False):
    """Contracts of one side of one contract, bought at `px`."""

    contract: str
    is_yes: bool
    qty: Qty
    px: Px


def results(held: Sequence[Held], fees: FeeSchedule, *, complete: bool) -> dict[str, Usd]:
    """Profit or loss by the contract that wins; `complete`: no contract is missing."""
    winners = list(dict.fromkeys(position.contract for position in held))
    if not complete:
        winners.append(NONE_OF_THEM)
    return {winner: Usd(sum(_result(x, winner, fees) for x in held)) for winner in winners}


def debit(held: Sequence[Held], fees: FeeSchedule, *, complete: bool) -> Usd:
    """What the account is short of while these are held: the greatest loss, never below 0."""
    return Usd(max(0, -min(results(held, fees, complete=complete).values(), default=0)))


def _result(held: Held, winner: str, fees: FeeSchedule) -> int:
    cost = times(held.px, held.qty, Rounding.UP)
    if (held.contract == winner) is not held.is_yes:
        return -cost
    pays = times(ONE, held.qty, Rounding.DOWN)
    return pays - cost - settlement_fee(fees, pays, cost, withdrawn=False)
