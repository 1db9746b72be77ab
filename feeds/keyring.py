"""Credentials as rows: stored sealed, opened for the process that signs, sealed anew by rotation.

A row is bound to its venue and kind: its seal opens nowhere else. What may be shown of it stands
beside the seal (`public`); no page ever reads the secret back. Invariants: storing replaces the
whole secret; every change is a revision that names no value.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from feeds.models import Credential
from feeds.vault import BadSeal, MasterKeys, Sealed
from feeds.venues.secret import Secret
from markets.revisions import bump, change

Fields = Mapping[str, Secret[str]]
ACCOUNT, DERIVED = "account", "derived"
SOON_DAYS = 14
POLY_API = ("POLY_API_KEY", "POLY_API_SECRET", "POLY_API_PASSPHRASE")
# The founding names; the first of each venue may be shown.
FIELDS: dict[str, tuple[str, ...]] = {
    "kalshi": ("KALSHI_API_KEY_ID", "KALSHI_PRIVATE_KEY"),
    "polymarket": ("POLY_FUNDER", "POLY_SIGNATURE_TYPE", "POLY_PRIVATE_KEY", *POLY_API),
}
NEEDED: dict[str, tuple[str, ...]] = {
    "kalshi": FIELDS["kalshi"],
    "polymarket": ("POLY_PRIVATE_KEY",),
}

_texts = msgspec.json.Decoder(dict[str, str])


class Stored(msgspec.Struct, frozen=True):
    """What the rows hold: each venue's account, and API keys derived for an owner's address."""

    accounts: dict[str, Fields] = {}
    derived: dict[str, Fields] = {}


def master_keys() -> MasterKeys:
    """The site's. Errors: `BadSeal`."""
    old = tuple(word.strip() for word in settings.MASTER_KEYS_OLD.split(",") if word.strip())
    return MasterKeys(settings.MASTER_KEY, old)


def stored() -> Stored:
    """Every stored credential, opened. Errors: `BadSeal`."""
    keys = master_keys()
    accounts: dict[str, Fields] = {}
    derived: dict[str, Fields] = {}
    for row in Credential.objects.all():
        fields = _opened(row, keys)
        if row.kind == ACCOUNT:
            accounts[row.venue] = fields
        else:
            derived[row.public] = fields
    return Stored(accounts, derived)


@transaction.atomic
def store(
    venue: str,
    fields: Mapping[str, str],
    author: str,
    reason: str,
    *,
    expires_at: datetime | None = None,
    attested_until: datetime | None = None,
) -> Credential:
    """Stores a venue's account in place of the one before, as a revision.

    Errors: `ValidationError` naming what is missing, never what was given.
    """
    given = {name: value.strip() for name, value in fields.items() if value.strip()}
    unknown = sorted(given.keys() - set(FIELDS.get(venue, ())))
    missing = [name for name in NEEDED.get(venue, ()) if name not in given]
    if venue not in FIELDS or unknown or missing:
        wrong = f"{', '.join(unknown)} unknown" if unknown else f"{', '.join(missing)} missing"
        raise ValidationError(f"The credential of {venue} is not complete: {wrong}.")
    row = _sealed(venue, ACCOUNT, given, given.get(FIELDS[venue][0], ""), author)
    row.expires_at, row.attested_until = expires_at, attested_until
    row.save()
    bump(author, reason, [change("credential", venue, "secret", "", "replaced")])
    return row


@transaction.atomic
def keep_derived(owner: str, fields: Mapping[str, str]) -> None:
    """Keeps an API key that the venue gives this owner every time it is asked."""
    _sealed("polymarket", DERIVED, dict(fields), owner, "worker").save()


@transaction.atomic
def rotate() -> int:
    """Seals every credential anew under the current master key; how many there are.

    Errors: `BadSeal`; then nothing has changed.
    """
    keys = master_keys()
    rows = list(Credential.objects.select_for_update())
    for row in rows:
        plain = {name: secret.reveal() for name, secret in _opened(row, keys).items()}
        _put(row, keys.seal(msgspec.json.encode(plain), _place(row)))
        row.save()
    return len(rows)


def expiries() -> list[tuple[str, str, datetime]]:
    """Venue, what ends, and when, the soonest first."""
    found = [
        (row.venue, words, at)
        for row in Credential.objects.filter(kind=ACCOUNT)
        for words, at in (("key", row.expires_at), ("attestation", row.attested_until))
        if at is not None
    ]
    return sorted(found, key=lambda one: one[2])


def _sealed(venue: str, kind: str, given: dict[str, str], public: str, author: str) -> Credential:
    try:
        keys = master_keys()
    except BadSeal as problem:
        raise ValidationError(str(problem)) from None
    row = Credential.objects.filter(venue=venue, kind=kind).first()
    row = row or Credential(venue=venue, kind=kind)
    row.public, row.author, row.stored_at = public, author, timezone.now()
    _put(row, keys.seal(msgspec.json.encode(given), _place(row)))
    return row


def _put(row: Credential, sealed: Sealed) -> None:
    row.master, row.wrapped, row.body = sealed.master, sealed.wrapped, sealed.body
    row.sealed_at = timezone.now()


def _opened(row: Credential, keys: MasterKeys) -> Fields:
    sealed = Sealed(row.master, bytes(row.wrapped), bytes(row.body))
    plain = keys.open(sealed, _place(row)).reveal()
    return {name: Secret(value) for name, value in _texts.decode(plain).items()}


def _place(row: Credential) -> str:
    return f"{row.venue} ({row.kind})"
