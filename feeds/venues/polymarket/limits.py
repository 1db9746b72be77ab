"""How fast Polymarket may be asked: windows by address and endpoint, buckets by signer.

Every request draws from the window of all requests together, from that of its host, and from that
of its endpoint where it has one. Orders and cancels also draw from the signer's own two buckets.
Past a window requests are slowed down, not refused. On the socket: above about 750 tokens the first
books silently never come and above some 10 sockets an address is throttled; we put 400 tokens on
one.
Source: polymarket sheet 3.12 and 5.2, read 2026-11-21.
"""

from feeds.books.rates import Bucket, Draw, window
from feeds.venues.base import Request

ALL_REQUESTS = 15_000
TEN_SECONDS = 10
BY_HOST = {"gamma": 4_000, "data": 1_000, "clob": 9_000}
BY_PATH = {
    ("gamma", "/events"): 500,
    ("gamma", "/markets"): 300,
    ("gamma", "/public-search"): 350,
    ("gamma", "/tags"): 200,
    ("gamma", "/comments"): 200,
    ("data", "/trades"): 200,
    ("data", "/positions"): 150,
    ("data", "/v2/positions"): 200,
    ("data", "/closed-positions"): 150,
    ("clob", "/books"): 500,
    ("clob", "/book"): 1_500,
    ("clob", "/prices-history"): 1_000,
    ("clob", "/prices"): 500,
    ("clob", "/price"): 1_500,
    ("clob", "/midpoints"): 500,
    ("clob", "/midpoint"): 1_500,
    ("clob", "/tick-size"): 200,
    ("clob", "/data/orders"): 500,
    ("clob", "/data/trades"): 500,
    ("clob", "/notifications"): 125,
    ("clob", "/balance-allowance/update"): 50,
    ("clob", "/balance-allowance"): 200,
    ("clob", "/auth"): 100,
}
BOTH_LISTINGS = 900
SIGNER_HEADER = "poly_address"

# Tier: orders a second and at once, cancels a second and at once.
TIERS: dict[str, tuple[int, int, int, int]] = {
    "standard": (40, 60, 80, 120),
    "copper": (60, 90, 120, 180),
    "bronze": (80, 120, 160, 240),
    "silver": (200, 300, 400, 600),
    "gold": (400, 600, 800, 1_200),
    "platinum": (450, 675, 900, 1_350),
    "diamond": (525, 787, 1_050, 1_575),
    "elite": (600, 900, 1_200, 1_800),
}
RESERVE_PART = 5


def draws(request: Request, tier: str = "standard") -> tuple[Draw, ...]:
    """The windows and buckets a request draws from. Errors: `KeyError` for an unknown tier."""
    found = [window("all", ALL_REQUESTS, TEN_SECONDS)]
    if request.host in BY_HOST:
        found.append(window(request.host, BY_HOST[request.host], TEN_SECONDS))
    path = _endpoint(request)
    if path:
        found.append(window(f"{request.host}{path}", BY_PATH[request.host, path], TEN_SECONDS))
    if request.host == "gamma" and path in ("/events", "/markets"):
        found.append(window("gamma listings", BOTH_LISTINGS, TEN_SECONDS))
    return (*found, *_signers(request, tier))


def _endpoint(request: Request) -> str:
    """The endpoint with a window of its own that the path belongs to, empty for none."""
    for host, path in BY_PATH:
        if host == request.host and (request.path == path or request.path.startswith(f"{path}/")):
            return path
    return ""


def _signers(request: Request, tier: str) -> tuple[Draw, ...]:
    is_order = request.path in ("/order", "/orders")
    is_cancel = request.method == "DELETE" and (is_order or request.path.startswith("/cancel-"))
    if request.host != "clob" or not (is_cancel or (is_order and request.method == "POST")):
        return ()
    signer = next((v for name, v in request.headers if name.lower() == SIGNER_HEADER), "address")
    orders, at_once, cancels, cancels_at_once = TIERS[tier]
    if is_cancel:
        return (Draw(Bucket("cancels", cancels_at_once, cancels * 1_000, owner=signer)),)
    reserve = at_once // RESERVE_PART
    cost = max(1, request.body.count(b'"signature"')) if request.path == "/orders" else 1
    return (Draw(Bucket("orders", at_once, orders * 1_000, reserve, signer), cost),)
