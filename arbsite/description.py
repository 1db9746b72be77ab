"""What the API's description adds to what the code says of itself: examples, and the refusals."""

from __future__ import annotations

from typing import Any

from arbsite.examples import ITEMS, WHOLES

ABOUT = """Edges, decisions, deals and commands.

Money is a text in dollars, a size a text in contracts, a time ISO 8601 in UTC. Lists are pages:
ask again with `cursor=next` until `next` is null. A GET carries an ETag; send it back as
`If-None-Match` and an unchanged answer is 304. Refusals are `application/problem+json` (RFC 9457).
Each token has a budget a minute; beyond it the answer is 429 with `Retry-After`. Edges and deals as
they change: `GET /api/stream` (server-sent events) or the socket `/ws/stream`."""
REFUSALS = {
    "400": "A cursor, key or character that is none",
    "401": "No valid token and no session",
    "403": "The scope, the role or the second factor does not reach so far",
    "404": "There is no such thing",
    "409": "Refused, with the reason",
    "422": "Not readable, or a key that was used for another command",
    "429": "The budget of this minute is spent",
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
        return ITEMS["commands"]
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
