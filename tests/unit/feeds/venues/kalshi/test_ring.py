"""Signatures that lie ready."""

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from feeds.venues.kalshi import sign
from feeds.venues.kalshi.ring import FRESH, KEPT, RENEWED, SignedRing
from markets.terms.units import MS, SECOND, Ns

PATH = ("POST", "/trade-api/v2/portfolio/events/orders")
NOW = Ns(1_795_000_000 * SECOND)
ED = ed25519.Ed25519PrivateKey.generate()


def ring() -> SignedRing:
    made = SignedRing("key", ED, (PATH,))
    ripe(made, NOW)
    return made


def ripe(made: SignedRing, at: Ns) -> None:
    """Called so often that all are there, the last at `at`."""
    for number in range(KEPT - 1, -1, -1):
        made.ripen(Ns(at - number * MS))


def stamps(made: SignedRing, at: Ns, count: int) -> list[int]:
    return [int(dict(made.headers(at, *PATH))["KALSHI-ACCESS-TIMESTAMP"]) for _ in range(count)]


def test_what_lies_ready_is_signed_by_the_key_and_used_once() -> None:
    made = ring()
    assert made.made == KEPT

    seen = [dict(made.headers(NOW, *PATH)) for _ in range(KEPT)]

    assert made.made == KEPT
    assert len({one["KALSHI-ACCESS-SIGNATURE"] for one in seen}) == KEPT
    for one in seen:
        stamp, signature = one["KALSHI-ACCESS-TIMESTAMP"], one["KALSHI-ACCESS-SIGNATURE"]
        assert sign.is_signed(ED.public_key(), signature, stamp, *PATH)


def test_when_all_are_used_one_is_made_for_the_moment() -> None:
    made = ring()
    stamps(made, NOW, KEPT)

    assert stamps(made, NOW, 1) == [NOW // MS]


def test_an_old_one_is_never_used() -> None:
    made = ring()
    later = Ns(NOW + FRESH)

    assert stamps(made, later, 1) == [later // MS]


def test_one_from_the_future_is_never_used() -> None:
    made = ring()
    earlier = Ns(NOW - SECOND)

    assert stamps(made, earlier, 1) == [earlier // MS]


def test_ripening_replaces_the_old_and_leaves_the_young() -> None:
    made = ring()
    made.ripen(Ns(NOW + RENEWED // 2))
    assert made.made == KEPT

    ripe(made, Ns(NOW + RENEWED + KEPT * MS))
    assert made.made == 2 * KEPT
    assert min(stamps(made, Ns(NOW + RENEWED), KEPT)) > NOW // MS


def test_one_call_makes_one_signature_and_one_moment_never_two() -> None:
    made = SignedRing("key", ED, (PATH,))
    for _ in range(3):
        made.ripen(NOW)

    assert made.made == 1


def test_a_path_that_is_not_kept_is_signed_on_the_spot() -> None:
    made = ring()

    headers = dict(made.headers(NOW, "DELETE", "/trade-api/v2/portfolio/events/orders/a"))

    assert headers["KALSHI-ACCESS-TIMESTAMP"] == str(NOW // MS)


def test_an_rsa_key_is_told_apart_by_itself() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    made = SignedRing("key", key, (PATH,))
    made.ripen(NOW)
    one = dict(made.headers(NOW, *PATH))

    stamp, signature = one["KALSHI-ACCESS-TIMESTAMP"], one["KALSHI-ACCESS-SIGNATURE"]
    assert sign.is_signed(key.public_key(), signature, stamp, *PATH)
