"""Secrets at rest: sealed, opened, moved to another key, and never opened elsewhere."""

from base64 import urlsafe_b64encode

import msgspec
import pytest

from feeds.vault import BadSeal, MasterKeys
from feeds.venues.secret import Secret

OLD, NEW = "11" * 32, "22" * 32
TEXT = b"the secret itself"


def test_what_is_sealed_is_opened_and_stands_nowhere_in_the_clear() -> None:
    keys = MasterKeys(OLD)
    sealed = keys.seal(TEXT, "kalshi")

    assert keys.open(sealed, "kalshi") == Secret(TEXT)
    assert TEXT not in sealed.body + sealed.wrapped
    assert bytes.fromhex(OLD) not in sealed.body + sealed.wrapped
    assert sealed.body != keys.seal(TEXT, "kalshi").body


def test_a_seal_opens_only_for_what_it_belongs_to() -> None:
    keys = MasterKeys(OLD)
    sealed = keys.seal(TEXT, "kalshi")

    with pytest.raises(BadSeal, match="changed in the database"):
        keys.open(sealed, "polymarket")


@pytest.mark.parametrize("field", ["body", "wrapped"])
def test_a_changed_or_cut_seal_does_not_open(field: str) -> None:
    keys = MasterKeys(OLD)
    sealed = keys.seal(TEXT, "kalshi")
    value = getattr(sealed, field)

    for bad in (value[:-1] + bytes([value[-1] ^ 1]), value[:5], b""):
        with pytest.raises(BadSeal, match="store it again"):
            keys.open(msgspec.structs.replace(sealed, **{field: bad}), "kalshi")


def test_an_older_master_key_opens_and_no_longer_seals() -> None:
    sealed = MasterKeys(OLD).seal(TEXT, "kalshi")
    both = MasterKeys(NEW, (OLD,))

    assert both.open(sealed, "kalshi") == Secret(TEXT)
    assert both.seal(TEXT, "kalshi").master == MasterKeys(NEW).current != sealed.master
    with pytest.raises(BadSeal, match="ARBSITE_MASTER_KEY_OLD"):
        MasterKeys(NEW).open(sealed, "kalshi")


def test_a_master_key_is_written_in_hexadecimal_or_base64() -> None:
    raw = bytes.fromhex(OLD)

    assert MasterKeys(urlsafe_b64encode(raw).decode()).current == MasterKeys(OLD).current
    assert (
        MasterKeys(urlsafe_b64encode(raw).decode().rstrip("=")).current == MasterKeys(OLD).current
    )
    for bad in ("", "11" * 31, "zz" * 32, "é"):
        with pytest.raises(BadSeal, match="not 32 bytes") as refused:
            MasterKeys(bad)
        assert not bad or bad not in str(refused.value)


def test_the_name_of_a_master_key_says_nothing_of_it() -> None:
    assert MasterKeys(OLD).current not in OLD
    assert OLD not in repr(vars(MasterKeys(OLD)))
