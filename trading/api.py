"""The API of edges, decisions, deals, orders, fills, positions, statistics and commands."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from ninja.params.functions import Header
from pydantic import Field, field_validator

from markets import services as markets
from markets.api import Limit, Number, shown
from markets.cursors import page_of
from markets.roles import REACH
from markets.schemas import paged, schema_of
from markets.wire import tell
from trading import askings, judgements, live, minutes, selectors, services, stream, sums
from trading.amounts import text_of
from trading.engine.config import Unit
from trading.refusals import Refused

router = Router(tags=["trading"])
NEEDS = {"confirm_pair": "admin", "block_pair": "admin"}
UNITS = [unit.value for unit in Unit]
COMMAND: Any = {"kind": "halt", "target": "", "reason": "prices look wrong"}


class CommandIn(Schema):
    """What is asked.

    `target` is a venue or nothing to halt and resume, a naked deal to wait, hedge, cross
    or unwind, a pair's slug to confirm or
    block; `packages` are those of a pair to confirm, `read` the kinds of clauses that may settle
    apart and were read in both texts, or `all`: a refusal names them.
    """

    model_config = {"json_schema_extra": {"examples": [COMMAND]}}

    kind: str
    target: Annotated[str, Field(max_length=200)] = ""
    reason: Annotated[str, Field(max_length=500)]
    packages: Annotated[list[Annotated[int, Field(ge=0, le=63)]], Field(max_length=64)] = [0, 1]
    read: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=64)] = []

    @field_validator("kind", "target", "reason")
    @classmethod
    def _no_nul(cls, value: str) -> str:
        """A NUL character cannot be kept."""
        if "\0" in value:
            raise ValueError("a NUL character cannot be kept; leave it out")
        return value


EdgePage = paged(schema_of(stream.Edge))
DecisionPage = paged(schema_of(judgements.DecisionRow, limit=str, actual=str))
DealPage = paged(schema_of(selectors.DealRow))
WholeDeal = schema_of(selectors.DealPage, name="WholeDeal")
OrderPage = paged(schema_of(selectors.OrderRow))
FillPage = paged(schema_of(selectors.FillRow))
PositionPage = paged(schema_of(selectors.PositionRow))
StatsOut = schema_of(sums.Stats)
MinutePage = paged(schema_of(minutes.Minute))
CommandOut = schema_of(askings.CommandRow)
CommandPage = paged(CommandOut)


@router.get("/edges", response=EdgePage)
def edges(
    request: HttpRequest, cursor: str | None = None, limit: Limit | None = None
) -> dict[str, Any]:
    """The best package of every followed pair now; the last samples while no pictures are there.

    All of them without a `limit`.
    """
    pictures = live.Pictures()
    if live.read(pictures) and pictures.relations:
        found = [stream.edge_of(picture) for picture in pictures.relations.values()]
    else:
        found = [stream.edge_of_sample(row) for row in judgements.latest_edges()]
    return shown(page_of(found, lambda edge: edge.relation, cursor, limit))


@router.get("/decisions", response=DecisionPage)
def decisions(
    request: HttpRequest,
    cursor: str | None = None,
    limit: Limit = 50,
    relation: str = "",
    gate: str = "",
) -> dict[str, Any]:
    """Plans refused and approved, newest first; `limit` and `actual` as plain numbers of `unit`."""
    found = judgements.decisions(cursor, limit, relation=relation, gate=gate)
    return {"items": [_decision(d) for d in found.items], "next": found.next}


def _decision(row: judgements.DecisionRow) -> dict[str, Any]:
    def words(value: int) -> str:
        return text_of(value, row.unit) if row.unit in UNITS else str(value)

    return {**tell(row), "limit": words(row.limit), "actual": words(row.actual)}


@router.get("/deals", response=DealPage)
def deals(
    request: HttpRequest,
    cursor: str | None = None,
    limit: Limit = 50,
    state: str = "",
    relation: str = "",
    book: str = "",
) -> dict[str, Any]:
    """Deals with their legs, newest first."""
    states = [word for word in state.split(",") if word]
    return shown(selectors.deals(cursor, limit, states=states, relation=relation, book=book))


@router.get("/deals/{deal_id}", response=WholeDeal)
def deal(request: HttpRequest, deal_id: str) -> dict[str, Any]:
    """One deal with its steps, orders and fills."""
    found = selectors.deal(deal_id)
    if found is None:
        raise Refused(404, f"There is no deal {deal_id!r}.")
    return tell(found)


@router.get("/orders", response=OrderPage)
def orders(
    request: HttpRequest,
    cursor: str | None = None,
    limit: Limit = 50,
    deal: str = "",
    state: str = "",
) -> dict[str, Any]:
    """Orders, newest first."""
    return shown(selectors.orders(cursor, limit, deal=deal, state=state))


@router.get("/fills", response=FillPage)
def fills(
    request: HttpRequest, cursor: str | None = None, limit: Limit = 50, deal: str = ""
) -> dict[str, Any]:
    """Fills, newest first."""
    return shown(selectors.fills(cursor, limit, deal=deal))


@router.get("/positions", response=PositionPage)
def positions(
    request: HttpRequest, cursor: str | None = None, limit: Limit = 50, held: bool = False
) -> dict[str, Any]:
    """What we hold; with `held` only where something is held."""
    return shown(selectors.positions(cursor, limit, held_only=held))


@router.get("/stats", response=StatsOut)
def stats(request: HttpRequest) -> dict[str, Any]:
    """Counts of deals, orders, fills and refusals; money in dollars."""
    return tell(sums.stats())


@router.get("/stats/minutes", response=MinutePage)
def stats_minutes(
    request: HttpRequest, cursor: str | None = None, limit: Limit = 50
) -> dict[str, Any]:
    """The worker minute by minute, newest first: edges, plans, approval, deals, P&L, sockets."""
    return shown(minutes.minutes(cursor, limit))


@router.get("/commands", response=CommandPage)
def commands(request: HttpRequest, cursor: str | None = None, limit: Limit = 50) -> dict[str, Any]:
    """Commands, newest first."""
    return shown(askings.commands(cursor, limit))


@router.get("/commands/{number}", response=CommandOut)
def command(request: HttpRequest, number: Number) -> dict[str, Any]:
    """One command and how it stands."""
    found = askings.command(number)
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
    if len(idempotency_key) > 200 or not idempotency_key.isprintable():
        raise Refused(400, "An Idempotency-Key has at most 200 printable characters.")
    packages = tuple(wanted.packages) if wanted.kind == "confirm_pair" else ()
    asked = services.Wish(
        wanted.kind, wanted.target, caller.username, wanted.reason, idempotency_key, packages
    )
    if wanted.kind == "confirm_pair":
        found = services.carry_out(
            asked,
            lambda: str(
                markets.confirm_pair(
                    wanted.target, wanted.packages, caller.username, wanted.reason, wanted.read
                )
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
    row = askings.command(found.id)
    assert row is not None, "a command is never deleted"  # noqa: S101
    return Status(201 if found.is_new else 200, tell(row))
