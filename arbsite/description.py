"""What the API's description adds to what the code says of itself: examples, and the refusals."""

from __future__ import annotations

from typing import Any

ABOUT = """Edges, decisions, deals and commands.

Money is a text in dollars, a size a text in contracts, a time ISO 8601 in UTC. Lists are pages:
ask again with `cursor=next` until `next` is null. A GET carries an ETag; send it back as
`If-None-Match` and an unchanged answer is 304. Refusals are `application/problem+json` (RFC 9457).
Each token has a budget a minute; beyond it the answer is 429 with `Retry-After`. Edges and deals as
they change: `GET /api/stream` (server-sent events) or the socket `/ws/stream`."""
AT = "2026-11-20T12:00:00.000000Z"
REFUSALS = {
    "400": "A cursor, key or character that is none",
    "401": "No valid token and no session",
    "403": "The scope, the role or the second factor does not reach so far",
    "404": "There is no such thing",
    "409": "Refused, with the reason",
    "422": "Not readable, or a key that was used for another command",
    "429": "The budget of this minute is spent",
}
DEAL: dict[str, Any] = {
    "pk": 7,
    "id": "6744f1a0ab12-7",
    "relation": "bills-chiefs",
    "title": "Bills beat Chiefs",
    "package": 0,
    "package_label": "KA Yes + PM No",
    "state": "balanced",
    "book": "paper",
    "opened_at": AT,
    "changed_at": AT,
    "size": "480",
    "matched": "480",
    "planned_net": "0.0156",
    "planned_profit": "7.50",
    "locked": "7.31",
    "reason": "",
    "legs": [{"market": "kalshi:BILLS", "outcome_name": "Yes", "held": "480", "cost": "197.76"}],
}
ORDER = {
    "id": "6744f1a0ab12-7-0",
    "deal": "6744f1a0ab12-7",
    "market": "kalshi:BILLS",
    "side": "buy",
    "px": "0.412",
    "qty": "480",
    "state": "filled",
    "filled": "480",
    "fees": "8.14",
    "sent_at": AT,
}
FILL = {
    "key": "kalshi:9b1f",
    "order": "6744f1a0ab12-7-0",
    "deal": "6744f1a0ab12-7",
    "px": "0.412",
    "qty": "480",
    "fee": "8.14",
    "at": AT,
    "finality": "final",
}
EDGE = {
    "relation": "bills-chiefs",
    "title": "Bills beat Chiefs",
    "at": AT,
    "gate": "min_edge",
    "why": "1.30¢ < 2.50¢",
    "label": "KA Yes + PM No",
    "net": "0.013",
    "cost": "0.955",
    "qty": "310",
    "profit": "4.03",
}
DECISION = {
    "seq": 81234,
    "relation": "bills-chiefs",
    "at": AT,
    "verdict": "refused",
    "gate": "min_edge",
    "reason": "",
    "limit": "2.5",
    "actual": "1.3",
    "unit": "¢",
    "net": "0.013",
    "qty": "310",
    "profit": "4.03",
    "deal": "",
}
COMMAND = {
    "id": 12,
    "kind": "halt",
    "target": "",
    "author": "alice",
    "reason": "prices look wrong",
    "state": "done",
    "answer": "Halted.",
}
MINUTE = {
    "worker": "main",
    "at": AT,
    "mode": "paper",
    "edges": 4,
    "plans": 21,
    "approved": 2,
    "approval_ppm": 95_238,
    "gates": {"min_edge": 19},
    "pnl_today": "4.18",
    "at_work": "405.13",
    "worst": "-15.82",
    "sockets_up": 2,
    "sockets": 2,
}
ITEMS: dict[str, dict[str, Any]] = {
    "venues": {"slug": "kalshi", "name": "Kalshi", "enabled": True, "mode": "paper"},
    "markets": {"market_id": "kalshi:BILLS", "title": "Bills beat Chiefs?", "state": "open"},
    "pairs": {"slug": "bills-chiefs", "status": "confirmed", "approved": [0, 1]},
    "edges": EDGE,
    "decisions": DECISION,
    "deals": DEAL,
    "orders": ORDER,
    "fills": FILL,
    "positions": {
        "market": "kalshi:BILLS",
        "book": "paper",
        "qty_yes": "480",
        "cost_yes": "197.76",
    },
    "stats/minutes": MINUTE,
    "limits": {"key": "min_net_edge", "value": "2.5", "unit": "¢", "low": "0", "high": "100"},
    "revisions": {"id": 119, "author": "alice", "reason": "weekend", "at": AT, "changes": []},
    "commands": {**COMMAND, "created_at": AT, "done_at": AT},
}
WHOLES: dict[str, dict[str, Any]] = {
    "health": {"at": AT, "redis": True, "mode": "paper", "revision_saved": 119, "worker": None},
    "stats": {"deals": {"balanced": 3}, "orders": 8, "fills": 6, "locked": "7.31", "fees": "9.02"},
    "deals/{deal_id}": {"deal": DEAL, "steps": [], "orders": [ORDER], "fills": [FILL]},
    "commands/{number}": {**COMMAND, "created_at": AT, "done_at": AT},
}
STREAM = {
    "get": {
        "operationId": "stream",
        "summary": "Stream",
        "description": "Edges and deals as they change: the events `edge`, `gone`, `deal`, `ready` "
        "after the first whole, and `beat` every 10 s without any.",
        "tags": ["trading"],
        "security": [{"Caller": []}],
        "responses": {
            "200": {
                "description": "Events without end",
                "content": {
                    "text/event-stream": {
                        "schema": {"type": "string"},
                        "example": 'event: edge\ndata: {"relation":"bills-chiefs"}\n\n',
                    }
                },
            }
        },
    }
}


def example_of(path: str, method: str) -> Any:
    """What an operation answers, as an example; nothing when it has none."""
    name = path.removeprefix("/api/")
    if method == "post":
        return COMMAND
    if name in WHOLES:
        return WHOLES[name]
    return {"items": [ITEMS[name]], "next": "118"} if name in ITEMS else None


def described(schema: Any) -> Any:
    """The description with examples, refusals and the stream."""
    schema["paths"]["/api/stream"] = STREAM
    schema["components"]["schemas"]["Problem"] = {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
        },
    }
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            _complete(path, method, operation)
    return schema


def _complete(path: str, method: str, operation: Any) -> None:
    answers = operation["responses"]
    example = example_of(path, method)
    for status in [key for key in answers if str(key).startswith("2")]:
        content = answers[status].get("content", {}).get("application/json")
        if content is not None and example is not None:
            content["example"] = example
    known = {str(key) for key in answers}
    for status, words in REFUSALS.items():
        if status not in known:
            answers[status] = {
                "description": words,
                "content": {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                },
            }
