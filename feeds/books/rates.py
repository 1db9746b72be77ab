"""How fast a venue may be asked: token buckets, and which of them a request draws from.

Invariants: a draw from several buckets takes from all or from none; the reserve of a bucket goes
only to what is urgent (cancels and hedges); while a venue has told us to wait nothing is taken, not
even that. Waits are rounded up. Here are the rules and a bucket of one process's own; the one all
processes share computes the same in Redis (`feeds.runtime.rates`).
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import msgspec

from markets.terms.units import SECOND, Ns

# A token in the unit of which `Bucket.refill` come back each nanosecond.
TOKEN = 1_000_000_000_000
LONGEST_HOLD = Ns(3_600 * SECOND)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_A_SECOND = timedelta(seconds=1)


class Bucket(msgspec.Struct, frozen=True, gc=False):
    """`capacity` tokens at most; `refill` thousandths of a token come back each second; the last
    `reserve` tokens are for what is urgent. `owner` is the account or address it belongs to.
    """

    name: str
    capacity: int
    refill: int
    reserve: int = 0
    owner: str = "address"


class Draw(msgspec.Struct, frozen=True, gc=False):
    """So many tokens out of a bucket."""

    bucket: Bucket
    cost: int = 1


def window(name: str, limit: int, seconds: int, *, cost: int = 1) -> Draw:
    """A draw under a limit of so many requests in any `seconds`: a tenth of them at once, the
    rest refilled evenly, so that no window ever holds more.
    """
    capacity = max(1, limit // 10)
    return Draw(Bucket(name, capacity, (limit - capacity) * 1_000 // seconds), cost)


class _Held(msgspec.Struct, gc=False):
    tokens: int  # in parts of TOKEN
    at: Ns
    until: Ns = Ns(0)


class LocalBuckets:
    """Buckets known to this process alone, `share` times smaller and slower than the venue's."""

    def __init__(self, share: int = 1) -> None:
        self._share = share
        self._held: dict[tuple[str, str], _Held] = {}

    def take(self, draws: tuple[Draw, ...], at: Ns, *, urgent: bool = False) -> Ns:
        """How long to wait before asking again; 0 when the tokens were taken.

        Errors: `ValueError` for a cost that no wait would ever pay.
        """
        wait = 0
        for draw in draws:
            held = self._filled(draw.bucket, at)
            need = self._need(draw, urgent=urgent)
            lack = -((held.tokens - need) // self._refill(draw.bucket))
            wait = max(wait, held.until - at, lack)
        if wait > 0:
            return Ns(wait)
        for draw in draws:
            self._filled(draw.bucket, at).tokens -= draw.cost * TOKEN
        return Ns(0)

    def hold(self, draws: tuple[Draw, ...], at: Ns, until: Ns) -> None:
        """The venue asked at `at` to be left alone until then."""
        for draw in draws:
            held = self._filled(draw.bucket, at)
            held.until = max(held.until, until)

    def _filled(self, bucket: Bucket, at: Ns) -> _Held:
        full = self._full(bucket)
        held = self._held.setdefault((bucket.owner, bucket.name), _Held(full, at))
        if at > held.at:
            held.tokens = min(full, held.tokens + (at - held.at) * self._refill(bucket))
            held.at = at
        return held

    def _need(self, draw: Draw, *, urgent: bool) -> int:
        whole = need_of(draw, urgent=urgent)
        kept = (whole - draw.cost) * TOKEN // self._share
        return min(draw.cost * TOKEN + kept, self._full(draw.bucket))

    def _full(self, bucket: Bucket) -> int:
        return bucket.capacity * TOKEN // self._share

    def _refill(self, bucket: Bucket) -> int:
        return max(1, bucket.refill // self._share)


def need_of(draw: Draw, *, urgent: bool) -> int:
    """Tokens that must be there before the draw: what is not urgent leaves the reserve.

    Errors: `ValueError` for a cost that no wait would ever pay.
    """
    bucket = draw.bucket
    need = draw.cost + (0 if urgent else bucket.reserve)
    if need > bucket.capacity:
        raise ValueError(
            f"a request of {draw.cost} tokens never fits bucket {bucket.name} of {bucket.capacity}"
        )
    return need


def told_second(text: str) -> Ns | None:
    """The second an HTTP date names; None when it is none."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return Ns((moment - _EPOCH) // _A_SECOND * SECOND)


def hold_of(status: int, headers: tuple[tuple[str, str], ...], at: Ns, refusals: int) -> Ns:
    """How long an answer asks us to stay away; 0 when it does not.

    `Retry-After` in seconds or as a date, at most an hour; a 429 without one is a second, doubled
    with each of the `refusals` in a row before it, at most 32.
    """
    if status not in (429, 503):
        return Ns(0)
    said = next((value for name, value in headers if name == "retry-after"), "")
    if said.isascii() and said.isdigit():
        return Ns(min(LONGEST_HOLD, int(said[:6]) * SECOND))
    until = told_second(said) if said else None
    if until is not None:
        return Ns(max(0, min(LONGEST_HOLD, until - at)))
    return Ns(SECOND << min(refusals, 5)) if status == 429 else Ns(0)
