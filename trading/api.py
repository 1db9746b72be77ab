"""The API of edges, decisions, deals, orders, fills, positions, statistics and commands."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from ninja.params.functions import Header

from markets import services as markets
from markets.api import PageOut, shown
from markets.wire import dollars, iso, size, tell
from trading import live, rows, selectors, services
from trading.amounts import text_of
from trading.engine.config import Unit
from trading.engine.pictures import RelationPicture
from trading.refusals import Refused

router = Router(tags=["trading"])
NEEDS = {"confirm_pair": "admin", "block_pair": "admin"}
UNITS = [unit.value for unit in Unit]
REACH = {"read": 0, "trade": 1, "admin": 2}


class CommandIn(Schema):
    """What is asked.

    `target` is a venue or nothing to halt and resume, a deal to unwind, a pair's slug to confirm or
    block; `packages` are those of a pair to confirm.
    """

    kind: str
    target: str = ""
    reason: str
    packages: list[int] = [0, 1]


class CommandOut(Schema):
    """A command and how it stands: asked, sent, done or refused."""

    id: int
    kind: str
    target: str
    author: str
    reason: str
    state: str
    answer: str


@router.get("/edges", response=PageOut)
def edges(request: HttpRequest) -> dict[str, Any]:
    """The best package of every followed pair now; the last samples while no pictures are there."""
    pictures = live.Pictures()
    if live.read(pictures) and pictures.relations:
        return {"items": [_edge(p) for _, p in sorted(pictures.relations.items())], "next": None}
    return {"items": [tell(e) for e in selectors.latest_edges()], "next": None}


def _edge(picture: RelationPicture) -> dict[str, Any]:
    package = rows.best_package(picture)
    stopped = rows.blocker(package)
    found: dict[str, Any] = {
        "relation": picture.id,
        "title": picture.title,
        "category": picture.category,
        "at": iso(picture.at),
        "deal": picture.deal,
        "quotes": [tell(q) for q in picture.quotes],
        "gate": stopped.gate if stopped else "",
        "why": rows.comparison(stopped) if stopped else "",
    }
    if package is not None:
        found |= {
            "package": package.package,
            "label": package.label,
            "net": None if package.net is None else dollars(package.net),
            "cost": None if package.cost is None else dollars(package.cost),
            "payout": dollars(package.payout),
            "qty": size(package.qty),
            "profit": dollars(package.profit),
            "apy_ppm": package.apy_ppm,
        }
    return found


@router.get("/decisions", response=PageOut)
def decisions(
    request: HttpRequest,
    cursor: str | None = None,
    limit: int = 50,
    relation: str = "",
    gate: str = "",
) -> dict[str, Any]:
    """Plans refused and approved, newest first; `limit` and `actual` as plain numbers of `unit`."""
    found = selectors.decisions(cursor, limit, relation=relation, gate=gate)
    return {"items": [_decision(d) for d in found.items], "next": found.next}


def _decision(row: selectors.DecisionRow) -> dict[str, Any]:
    told = tell(row)
    if row.unit in UNITS:
        told |= {name: text_of(told[name], row.unit) for name in ("limit", "actual")}
    return told


@router.get("/deals", response=PageOut)
def deals(
    request: HttpRequest,
    cursor: str | None = None,
    limit: int = 50,
    state: str = "",
    relation: str = "",
    book: str = "",
) -> dict[str, Any]:
    """Deals with their legs, newest first."""
    states = [word for word in state.split(",") if word]
    return shown(selectors.deals(cursor, limit, states=states, relation=relation, book=book))


@router.get("/deals/{deal_id}", response=dict[str, Any])
def deal(request: HttpRequest, deal_id: str) -> dict[str, Any]:
    """One deal with its steps, orders and fills."""
    found = selectors.deal(deal_id)
    if found is None:
        raise Refused(404, f"There is no deal {deal_id!r}.")
    return tell(found)


@router.get("/orders", response=PageOut)
def orders(
    request: HttpRequest,
    cursor: str | None = None,
    limit: int = 50,
    deal: str = "",
    state: str = "",
) -> dict[str, Any]:
    """Orders, newest first."""
    return shown(selectors.orders(cursor, limit, deal=deal, state=state))


@router.get("/fills", response=PageOut)
def fills(
    request: HttpRequest, cursor: str | None = None, limit: int = 50, deal: str = ""
) -> dict[str, Any]:
    """Fills, newest first."""
    return shown(selectors.fills(cursor, limit, deal=deal))


@router.get("/positions", response=PageOut)
def positions(
    request: HttpRequest, cursor: str | None = None, limit: int = 50, held: bool = False
) -> dict[str, Any]:
    """What we hold; with `held` only where something is held."""
    return shown(selectors.positions(cursor, limit, held_only=held))


@router.get("/stats", response=dict[str, Any])
def stats(request: HttpRequest) -> dict[str, Any]:
    """Counts of deals, orders, fills and refusals; money in dollars."""
    found = selectors.stats()
    money = {name: dollars(found[name]) for name in ("locked", "planned_profit", "fees")}
    return {**found, **money}


@router.get("/commands", response=PageOut)
def commands(request: HttpRequest, cursor: str | None = None, limit: int = 50) -> dict[str, Any]:
    """Commands, newest first."""
    return shown(selectors.commands(cursor, limit))


@router.get("/commands/{number}", response=dict[str, Any])
def command(request: HttpRequest, number: int) -> dict[str, Any]:
    """One command and how it stands."""
    found = selectors.command(number)
    if found is None:
        raise Refused(404, f"There is no command {number}.")
    return tell(found)


@router.post("/commands", response={200: CommandOut, 201: CommandOut})
def ask(
    request: HttpRequest,
    wanted: CommandIn,
    idempotency_key: str = Header("", alias="Idempotency-Key"),
) -> Any:
    """Asks the engine, or decides about a pair; the same key again gives the same command, 200."""
    caller: services.Bearer = request.auth  # type: ignore[attr-defined]
    needed = NEEDS.get(wanted.kind, "trade")
    if REACH[caller.scope] < REACH[needed]:
        raise Refused(403, f"This needs the scope {needed}; the caller has {caller.scope}.")
    if not idempotency_key.strip():
        raise Refused(
            400, "Send an Idempotency-Key header: a text of your own, new for each command."
        )
    asked = services.Wish(
        wanted.kind, wanted.target, caller.username, wanted.reason, idempotency_key
    )
    if wanted.kind == "confirm_pair":
        found = services.carry_out(
            asked,
            lambda: str(
                markets.confirm_pair(wanted.target, wanted.packages, caller.username, wanted.reason)
            ),
        )
    elif wanted.kind == "block_pair":
        found = services.carry_out(
            asked, lambda: str(markets.block_pair(wanted.target, caller.username, wanted.reason))
        )
    else:
        found = services.ask(
            asked.kind, asked.target, asked.author, asked.reason, asked.idempotency_key
        )
    return Status(201 if found.is_new else 200, tell(found))
