"""`manage.py relation FILE.json [--books FILE]`: a payoff table's packages and their edges."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from markets.terms.covers import MOST
from markets.terms.ids import MarketId
from markets.terms.packages import Package, package_cost, packages, payout_in, share
from markets.terms.relations import WorldKind
from markets.terms.units import MICRO, ONE, Ns, Px, Qty, Rounding, Usd, divide, text_from_micros
from markets.terms.written import Unreadable, Written, micros, read
from trading.engine.book import Book, Ladders, Levels
from trading.engine.edges import Edge, Terms, find_edge
from trading.solver.propose import Ask, Proposal, propose

DONE, NO, UNREADABLE, NOTHING = 0, 1, 2, 3


class Command(BaseCommand):
    """Exit code 0 done, 1 nothing covers every decisive world, 2 unreadable, 3 no book compares."""

    help = (
        "Reads a payoff table and prints its packages: claims, weights, least decisive payout, "
        "tail losses. With books, also the best size and net edge of each."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="the payoff table, JSON")
        parser.add_argument("--books", type=Path, metavar="FILE", help="asks by claim, JSON")
        parser.add_argument("--friction", default="0", help="dollars per dollar covered, default 0")
        parser.add_argument(
            "--neutral-loss", default="0.01", help="most a neutral world may cost, default 0.01"
        )
        parser.add_argument("--json", action="store_true", help="the result as JSON, last line")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            written = read(_json(options["file"]), options["file"].stem)
            books = _books(written, options["books"])
            friction = Px(micros(options["friction"], "friction"))
            neutral = Px(micros(options["neutral_loss"], "neutral loss"))
        except OSError as problem:
            self.stderr.write(f"{problem.filename} cannot be read: {problem.strerror}.")
            sys.exit(UNREADABLE)
        except Unreadable as problem:
            self.stderr.write(str(problem))
            sys.exit(UNREADABLE)
        if books is not None and not books:
            self.stderr.write("The books name none of the relation's claims: nothing to compare.")
            sys.exit(NOTHING)
        answer = _answer(written, books, friction, neutral)
        if options["json"]:
            self.stdout.write(json.dumps(answer))
        else:
            self._tell(answer)
        if not answer["packages"]:
            self.stderr.write("No package covers every decisive world.")
            sys.exit(NO)

    def _tell(self, answer: dict[str, Any]) -> None:
        for found in answer["packages"]:
            legs = " + ".join(
                f"{leg['fraction']} x {'/'.join([leg['claim'], *leg['also']])}"
                for leg in found["claims"]
            )
            self.stdout.write(f"{found['index']:>3}  {legs}  pays {found['payout']}")
            for world in found["tails"]:
                self.stdout.write(
                    f"     {world['world']}: pays {world['pays']}, loses {world['loss']}"
                )
            if "edge" in found:
                self.stdout.write(f"     {_edge_words(found['edge'])}")
        solved = answer.get("solver")
        if solved:
            buys = " + ".join(f"{leg['size']} x {leg['claim']}" for leg in solved["claims"])
            self.stdout.write(f"solver: {buys}  keeps {solved['profit']}")
            if solved["limiting"]:
                self.stdout.write(f"     {solved['limiting']} limits")


def _edge_words(edge: dict[str, Any] | None) -> str:
    if edge is None:
        return "no edge: a claim has no ask"
    words = f"net {edge['net']} per $1, size {edge['size']}, keeps {edge['profit']}"
    return f"{words} (refused: {edge['refused']})" if edge["refused"] else words


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(), parse_float=str, parse_int=str)
    except (json.JSONDecodeError, UnicodeDecodeError) as problem:
        raise Unreadable(f"{path} is not JSON: {problem}.") from None


def _books(written: Written, path: Path | None) -> dict[MarketId, Book] | None:
    """A book for each market some claim of which has asks; None where no file was given."""
    if path is None:
        return None
    content = _json(path)
    if not isinstance(content, dict):
        raise Unreadable(f"{path} must be an object: claims and their asks.")
    sides: dict[MarketId, dict[int, Levels]] = {}
    for name, claim in zip(written.names, written.relation.claims, strict=True):
        if name in content:
            sides.setdefault(claim.market, {})[claim.outcome] = _levels(content[name], name)
    return {
        market: Book(
            market,
            tuple(Ladders((), asks.get(number, ())) for number in range(max(2, max(asks) + 1))),
            Ns(0),
        )
        for market, asks in sides.items()
    }


def _levels(entries: Any, name: str) -> Levels:
    if not isinstance(entries, list):
        raise Unreadable(f"The book of {name} must be a list of [price, size].")
    levels = []
    for entry in entries:
        if not isinstance(entry, list) or len(entry) != 2:
            raise Unreadable(f"The book of {name} has a level that is not [price, size].")
        px, qty = micros(entry[0], f"price of {name}"), micros(entry[1], f"size of {name}")
        if not 0 < px < ONE or qty <= 0:
            raise Unreadable(
                f"The book of {name} has {entry[1]} at {entry[0]}: "
                "a price lies between 0 and 1, a size above 0."
            )
        levels.append((Px(px), Qty(qty)))
    return tuple(sorted(levels))


def _answer(
    written: Written, books: dict[MarketId, Book] | None, friction: Px, neutral: Px
) -> dict[str, Any]:
    relation = written.relation
    found = [_package(written, i, package) for i, package in enumerate(_listed(written))]
    answer: dict[str, Any] = {"worlds": [w.name for w in relation.worlds], "packages": found}
    if books is None:
        return answer
    terms = Terms(friction, Px(0), Usd(MICRO**3), Ns(0))
    for shown, package in zip(found, _listed(written), strict=True):
        edge = find_edge(relation, package, books, written.markets, terms)
        shown["edge"] = None if edge is None else _edge(written, edge, neutral)
        if edge is not None:
            shown["tails"] = _tails(written, edge.used, _prices(edge))
    good = [p for p in found if p["edge"] and not p["edge"]["refused"]]
    best = max(good, key=lambda p: float(p["edge"]["profit"]), default=None)
    answer["best"] = None if best is None else best["index"]
    asked = Ask(friction=friction, neutral_loss=neutral)
    solved = propose(relation, books, written.markets, asked)
    answer["solver"] = None if solved is None else _solved(written, solved)
    return answer


def _listed(written: Written) -> list[Package]:
    """Every choice of claims where they are few, then the packages with merged claims."""
    single = packages(written.relation, merge=False)
    merged = packages(written.relation, merge=True)
    if len(single) == MOST:
        return list(merged)
    return [*single, *(p for p in merged if any(leg.also for leg in p.legs))]


def _package(written: Written, index: int, package: Package) -> dict[str, Any]:
    whole = tuple(ONE for _ in package.legs)
    least = divide(package.payout, package.scale, Rounding.DOWN)
    return {
        "index": index,
        "claims": [
            {
                "claim": written.names[leg.claim],
                "also": [written.names[claim] for claim in leg.also],
                "weight": _text(divide(leg.weight, package.scale, Rounding.DOWN)),
                "fraction": str(share(package, leg)),
            }
            for leg in package.legs
        ],
        "payout": _text(least),
        "tails": _tails(written, package, whole),
    }


def _tails(written: Written, package: Package, prices: tuple[Px, ...]) -> list[dict[str, Any]]:
    """What each tail world pays and loses per dollar covered; without prices at a cost of $1."""
    relation = written.relation
    cost = min(package_cost(package, prices), ONE * package.scale)
    shown = []
    for number, world in enumerate(relation.worlds):
        if world.kind is not WorldKind.TAIL:
            continue
        pays = payout_in(relation, package, number, prices)
        shown.append(
            {
                "world": world.name,
                "probability": _text(world.ppm),
                "pays": _text(divide(pays, package.scale, Rounding.DOWN)),
                "loss": _text(max(0, divide(cost - pays, package.scale, Rounding.UP))),
            }
        )
    return shown


def _prices(edge: Edge) -> tuple[Px, ...]:
    """What each leg costs on average, rounded up; its best ask where nothing is bought."""
    return tuple(
        Px(divide(leg.cost * MICRO, leg.qty, Rounding.UP)) if leg.qty else leg.best
        for leg in edge.legs
    )


def _edge(written: Written, edge: Edge, neutral: Px) -> dict[str, Any]:
    relation, used = written.relation, edge.used
    prices = _prices(edge)
    fees = divide(edge.fees * MICRO, edge.size, Rounding.UP) if edge.size else edge.top_fees
    lost = [
        package_cost(used, prices) + fees - payout_in(relation, used, number, prices)
        for number, world in enumerate(relation.worlds)
        if world.kind is WorldKind.NEUTRAL
    ]
    loss = divide(max([0, *lost]), used.scale, Rounding.UP)
    dollars = edge.size * used.scale
    return {
        "net": _text(edge.net),
        "top_net": _text(edge.top_net),
        "size": _text(dollars),
        "cost": _text(edge.cost),
        "fees": _text(edge.fees),
        "tail": _text(edge.tail),
        "profit": _text(edge.profit),
        "rounding": _text(edge.rounding),
        "neutral_loss": _text(loss),
        "refused": f"a neutral world costs {_text(loss)}" if loss > neutral else "",
        "legs": [
            {
                "claim": written.names[leg.claim],
                "size": _text(leg.qty),
                "best": _text(leg.best),
                "limit": _text(leg.limit),
                "cost": _text(leg.cost),
                "fee": _text(leg.fee),
            }
            for leg in edge.legs
        ],
    }


def _solved(written: Written, solved: Proposal) -> dict[str, Any]:
    exact = solved.exact
    return {
        "claims": [
            {"claim": written.names[claim], "size": _text(qty)} for claim, qty in solved.amounts
        ],
        "value": f"{solved.value:.6f}",
        "profit": _text(exact.profit),
        "payout": _text(exact.payout),
        "cost": _text(exact.cost),
        "fees": _text(exact.fees),
        "limiting": None if solved.limiting is None else written.names[solved.limiting],
        "limits": {written.names[claim]: f"{value:.6f}" for claim, value in solved.limits},
    }


def _text(value: int) -> str:
    return text_from_micros(value, 0)
