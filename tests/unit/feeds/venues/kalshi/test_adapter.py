"""The adapter's handshake, judged by the fake."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from feeds.venues import ADAPTERS, FAKES, find
from feeds.venues.base import Request
from feeds.venues.kalshi.adapter import SOCKET_PATH, Credentials, KalshiAdapter
from feeds.venues.kalshi.fake import KalshiFake
from markets.terms.units import SECOND, Ns
from tests.unit.feeds.venues.kalshi.test_sign import pem, public_pem

AT = Ns(1_795_000_000 * SECOND)
KEY = ed25519.Ed25519PrivateKey.generate()


def knock(adapter: KalshiAdapter, fake: KalshiFake, late_s: int = 0) -> int:
    request = Request("GET", "rest", SOCKET_PATH, headers=adapter.handshake(AT))
    refusal = fake.upgrade(request, Ns(AT + late_s * SECOND))
    return 101 if refusal is None else refusal.status


def strict() -> KalshiFake:
    return KalshiFake((), key_id="id-1", public_pem=public_pem(KEY))


def test_a_signed_handshake_is_let_in() -> None:
    assert knock(KalshiAdapter(Credentials("id-1", pem(KEY))), strict()) == 101


@pytest.mark.parametrize("late_s", [-6, 6])
def test_a_handshake_signed_at_another_time_is_refused(late_s: int) -> None:
    assert knock(KalshiAdapter(Credentials("id-1", pem(KEY))), strict(), late_s) == 401


def test_an_unsigned_handshake_or_another_key_is_refused_where_signatures_are_wanted() -> None:
    other = ed25519.Ed25519PrivateKey.generate()

    assert knock(KalshiAdapter(), strict()) == 401
    assert knock(KalshiAdapter(Credentials("id-2", pem(KEY))), strict()) == 401
    assert knock(KalshiAdapter(Credentials("id-1", pem(other))), strict()) == 401


def test_without_a_key_nothing_is_signed_and_an_open_venue_lets_it_in() -> None:
    assert KalshiAdapter().handshake(AT) == ()
    assert knock(KalshiAdapter(), KalshiFake(())) == 101


def test_credentials_never_show_the_private_key() -> None:
    assert "PRIVATE" not in repr(Credentials("id-1", pem(KEY)))


def test_the_registry_finds_both_sides() -> None:
    assert find(ADAPTERS, "kalshi") is KalshiAdapter
    assert find(FAKES, "kalshi") is KalshiFake


def test_a_venue_nobody_wrote_is_named_with_those_there_are() -> None:
    with pytest.raises(LookupError, match="no venue is called 'atlantis'; there are kalshi"):
        find(ADAPTERS, "atlantis")
