"""A small client of the API: what is seen, what was decided, deals as they change, and a halt.

    ARBSITE_URL=http://127.0.0.1:8000 ARBSITE_TOKEN=arb_… python docs/examples/client.py

The token is `manage.py token USER --scope trade`. Standard library only.
"""

import json
import os
import secrets
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

URL = os.environ.get("ARBSITE_URL", "http://127.0.0.1:8000").rstrip("/")
TOKEN = os.environ.get("ARBSITE_TOKEN", "")


def call(path: str, body: dict[str, Any] | None = None, key: str = "") -> Any:
    """One answer. A refusal ends the program with its sentence."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    if key:
        headers["Idempotency-Key"] = key
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(f"{URL}/api/{path}", data, headers)  # noqa: S310  our address
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        sys.exit(f"{refused.code}: {json.load(refused)['detail']}")


def every(path: str) -> Iterator[Any]:
    """Every item of a list, page by page."""
    cursor: str | None = ""
    while cursor is not None:
        found = call(f"{path}?limit=200" + (f"&cursor={cursor}" if cursor else ""))
        yield from found["items"]
        cursor = found["next"]


def main() -> None:
    """Show edges and deals; with the word `halt`, halt first."""
    if sys.argv[1:] == ["halt"]:
        # The same key again, after a time-out say, asks for nothing new.
        asked = call(
            "commands", {"kind": "halt", "reason": "from the example"}, secrets.token_hex(16)
        )
        print(f"asked: command {asked['id']} is {asked['state']}")
    for edge in call("edges")["items"]:
        print(f"{edge.get('net') or '-':>9}  {edge['gate'] or 'tradeable':<16} {edge['relation']}")
    deals = list(every("deals"))
    print(f"{len(deals)} deals, locked in ${sum(Decimal(deal['locked']) for deal in deals):.2f}")


if __name__ == "__main__":
    main()
