"""`manage.py fee VENUE`: the fee of one fill, the formula behind it, and which rule that is."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import UTC, date, datetime
from typing import Any

from markets.console import Console
from markets.terms import fees, fees_other
from markets.terms.instruments import FeeSchedule
from markets.terms.published import VENUES, Answer, Question, published
from markets.terms.units import MICRO, Px, Qty, Rounding, Usd, micros_from_text, text_from_micros
from markets.terms.units import times as money

PRECISIONS = {"0.0001": Usd(100), "0.01": Usd(10_000)}
EXAMPLES = """
examples:
  manage.py fee kalshi --price 0.48 --count 1 --role taker
      the plain 7% formula, rounded as on production fills: 0.017500
  manage.py fee kalshi --price 0.50 --count 1 --role taker --on 2026-02-05
      the same contract when fees went up to the cent per order: 0.020000
  manage.py fee kalshi --price 0.27 --count 10 --role taker --series KXMLBGAME --precision 0.01
      half fee before the game, on an account kept in whole cents: 0.070000
  manage.py fee kalshi --price 0.25 --count 100 --role maker --type quadratic_with_maker_fees
  manage.py fee polymarket --price 0.335 --count 250 --role taker --category sports --on 2026-07-01
      a sports market made before the rate went from 3% to 5%: 1.670820
  manage.py fee polymarket --price 0.52 --count 20 --role taker --rate 0.04 --json
  manage.py fee predictit --price 0.40 --count 10 --role taker
      10% of the profit if the contract wins; withdrawals cost 5% more, not counted here
  manage.py fee amm --price 0.50 --count 100 --role taker --rate 0.02

Nothing stated and nothing known is the worst case, never zero, and the answer says so.
Exit 0 answered, 2 bad input.
"""


class Command(Console):
    """One fill's fee."""

    help = (
        "The fee of one fill of N contracts at price P, as the venue charges it: `fee`, the bare "
        "formula `model`, the dated rule `regime`, and `rev`, the name of the schedule."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """With the examples below the options, as they are written."""
        kwargs = {"formatter_class": RawDescriptionHelpFormatter, "epilog": EXAMPLES, **kwargs}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The fill, and what is known of the market."""
        parser.add_argument("venue", metavar="VENUE", help=", ".join(sorted(VENUES)))
        parser.add_argument("--price", required=True, help="dollars a contract, between 0 and 1")
        parser.add_argument("--count", required=True, help="contracts, fractions allowed")
        parser.add_argument("--role", required=True, choices=("taker", "maker"))
        parser.add_argument("--side", default="buy", choices=("buy", "sell"))
        parser.add_argument("--on", default="", metavar="DATE", help="day of the fill, 2026-08-18")
        parser.add_argument("--series", default="", help="Kalshi series, e.g. KXMLBGAME")
        parser.add_argument("--category", default="", help="Polymarket category, e.g. sports")
        parser.add_argument("--rate", help="the market's own rate, e.g. 0.05")
        parser.add_argument("--type", default="", help="Kalshi fee type, e.g. quadratic")
        parser.add_argument("--multiplier", help="Kalshi multiplier, e.g. 0.5")
        parser.add_argument("--precision", choices=tuple(PRECISIONS), help="Kalshi account's step")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Four figures."""
        try:
            px, qty = (
                Px(micros_from_text(options["price"])),
                Qty(micros_from_text(options["count"])),
            )
            answer = published(_question(options))
        except ValueError as problem:
            self.refuse(f"{problem}.")
        if not 0 < px < MICRO:
            self.refuse(f"--price {options['price']} is not between 0 and 1 dollar.")
        if qty <= 0:
            self.refuse(f"--count {options['count']} is not above zero.")
        charged, model = _fees(answer.schedule, px, qty, options)
        self.figures(_shown(answer, charged, model), as_json=options["json"])


def _question(options: dict[str, Any]) -> Question:
    return Question(
        venue=options["venue"].lower(),
        day=_day(options["on"]),
        series=options["series"].upper(),
        category=options["category"],
        rate_ppm=_micros(options["rate"]),
        fee_type=options["type"],
        multiplier_ppm=_micros(options["multiplier"]),
        precision=PRECISIONS.get(options["precision"] or ""),
    )


def _day(text: str) -> date | None:
    """The UTC day of a date or a moment; a moment without an offset is UTC."""
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(f"--on {text!r} is no date such as 2026-08-18") from None
    if at is None:
        return None
    return (at if at.tzinfo is None else at.astimezone(UTC)).date()


def _micros(text: str | None) -> int | None:
    return None if text is None else micros_from_text(text)


def _fees(schedule: FeeSchedule, px: Px, qty: Qty, options: dict[str, Any]) -> tuple[Usd, Usd]:
    """The charge and the bare formula. A share of profit is told for a contract that wins; of a
    sale, whose cost is not stated, the whole price counts as profit.
    """
    maker, selling = options["role"] == "maker", options["side"] == "sell"
    if schedule.kind in fees_other.AT_SETTLEMENT:
        price = money(px, qty, Rounding.UP)
        pays, cost = (price, Usd(0)) if selling else (Usd(qty), price)
        kept = fees.settlement_fee(schedule, pays, cost, withdrawn=False)
        return kept, kept
    return (
        fees.trade_fee(schedule, px, qty, maker=maker, selling=selling),
        fees.formula_fee(schedule, px, qty, maker=maker, selling=selling),
    )


def _shown(answer: Answer, charged: Usd, model: Usd) -> dict[str, str]:
    return {
        "fee": text_from_micros(charged, 6),
        "model": text_from_micros(model, 6),
        "regime": answer.regime,
        "rev": fees.revision_of(answer.schedule),
    }
