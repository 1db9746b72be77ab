"""Keys for the adapters that need them; never in a snapshot, row, log or error.

A venue's credential comes whole from the first place that names it: the environment (founding
names, a value or `<NAME>_FILE`), AWS Secrets Manager (`ARBSITE_AWS_SECRET`), or the sealed row of
the admin. Kalshi's sockets ask for a signed handshake even for public books; without a key its
socket opens only where no signature is asked for. Polymarket's books are public; orders need a key.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import structlog
from django.db import DatabaseError

from feeds.keyring import FIELDS, POLY_API, Fields, Stored, stored
from feeds.vault import BadSeal
from feeds.venues import ADAPTERS, find
from feeds.venues.base import Adapter
from feeds.venues.kalshi.adapter import Credentials
from feeds.venues.polymarket.credentials import ApiKey
from feeds.venues.polymarket.identity import Identity, identity
from feeds.venues.secret import Secret

AWS_SECRET = "ARBSITE_AWS_SECRET"  # noqa: S105  the name of a variable
PATH = "KALSHI_PRIVATE_KEY_PATH"
NOTHING = Stored()

log = structlog.get_logger("credentials")


class BadCredentials(Exception):
    """A key is named but cannot be used; one sentence says which and what to do."""


def adapter_of(venue: str, held: Stored = NOTHING) -> Adapter:
    """The venue's adapter with its key, where there is one. Errors: `BadCredentials`."""
    make = find(ADAPTERS, venue)
    fields = fields_of(venue, held)
    match venue:
        case "kalshi":
            adapter: Adapter = _kalshi(make, fields)
        case "polymarket":
            adapter = make(polymarket_identity(fields, held))
        case _:
            adapter = make()
    return adapter


def load() -> Stored:
    """What is stored outside the environment, for a process that starts. Errors: `BadCredentials`.

    A database that is away holds nothing: the environment goes first in any case.
    """
    try:
        found = stored()
    except BadSeal as problem:
        raise BadCredentials(str(problem)) from None
    except DatabaseError:
        log.warning("stored credentials cannot be read; those of the environment are used")
        found = NOTHING
    name = os.environ.get(AWS_SECRET, "")
    if not name:
        return found
    return msgspec.structs.replace(found, accounts={**found.accounts, **from_aws(name)})


def fields_of(venue: str, held: Stored = NOTHING) -> Fields:
    """A venue's credential from the first place that names it. Errors: `BadCredentials`."""
    return from_environment(venue) or held.accounts.get(venue, {})


def judge(venue: str, fields: Mapping[str, str]) -> None:
    """Whether a typed credential can be used. Errors: `BadCredentials`."""
    given: Fields = {name: Secret(value.strip()) for name, value in fields.items() if value.strip()}
    if venue == "polymarket":
        polymarket_identity(given)
    elif venue == "kalshi":
        _kalshi(find(ADAPTERS, venue), given)


def polymarket_identity(fields: Fields, held: Stored = NOTHING) -> Identity | None:
    """Who trades at Polymarket; None without a key. Errors: `BadCredentials`."""
    key = fields.get("POLY_PRIVATE_KEY")
    if key is None:
        if fields:
            raise BadCredentials("POLY_PRIVATE_KEY is not set; Polymarket's orders need it.")
        return None
    try:
        who = identity(
            key.reveal(), _text(fields, "POLY_FUNDER"), _text(fields, "POLY_SIGNATURE_TYPE")
        )
    except ValueError as problem:
        raise BadCredentials(
            f"POLY_PRIVATE_KEY, POLY_FUNDER, POLY_SIGNATURE_TYPE: {problem}."
        ) from None
    given = [name for name in POLY_API if name in fields]
    if given and len(given) < len(POLY_API):
        missing = ", ".join(name for name in POLY_API if name not in fields)
        raise BadCredentials(f"{missing} not set; give all three of the API key, or none.")
    api = fields if given else held.derived.get(who.owner)
    if api is None:
        return who
    made = ApiKey(*(api[name].reveal() for name in POLY_API))
    return msgspec.structs.replace(who, api=Secret(made))


def from_environment(venue: str, environ: Mapping[str, str] = os.environ) -> dict[str, Secret[str]]:
    """What the environment names of a venue. Errors: `BadCredentials`."""
    found = {}
    for name in FIELDS.get(venue, ()):
        path = environ.get(f"{name}_FILE", "")
        value = _read(f"{name}_FILE", path) if path else environ.get(name, "")
        if value.strip():
            found[name] = Secret(value.strip())
    if venue == "kalshi" and environ.get(PATH):
        found["KALSHI_PRIVATE_KEY"] = Secret(_read(PATH, environ[PATH]))
    return found


def from_aws(name: str) -> dict[str, Fields]:
    """The secret of that name in AWS Secrets Manager: one JSON object with the founding names.

    Errors: `BadCredentials`.
    """
    try:
        import boto3  # an extra, asked for only where it is used
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        raise BadCredentials(
            f"{AWS_SECRET} is set, and boto3 is not installed; install it, or unset {AWS_SECRET}."
        ) from None
    try:
        said: Any = boto3.client("secretsmanager").get_secret_value(SecretId=name)
        told = msgspec.json.decode(said["SecretString"], type=dict[str, str])
    except (BotoCoreError, ClientError, KeyError, ValueError) as problem:
        kind = type(problem).__name__
        raise BadCredentials(f"{AWS_SECRET} {name} cannot be read ({kind}).") from None
    return {
        venue: {field: Secret(told[field]) for field in names if told.get(field)}
        for venue, names in FIELDS.items()
        if any(told.get(field) for field in names)
    }


def _kalshi(make: Any, fields: Fields) -> Adapter:
    if not fields:
        adapter: Adapter = make(None)
        return adapter
    for name, said in (("KALSHI_API_KEY_ID", "KALSHI_API_KEY_ID"), ("KALSHI_PRIVATE_KEY", PATH)):
        if name not in fields:
            raise BadCredentials(f"{said} is not set; Kalshi needs the key's id and its file.")
    pem = fields["KALSHI_PRIVATE_KEY"].reveal().encode()
    try:
        adapter = make(Credentials(fields["KALSHI_API_KEY_ID"].reveal(), pem))
    except ValueError as problem:
        raise BadCredentials(f"{PATH}: {problem}") from None
    return adapter


def _text(fields: Fields, name: str) -> str:
    found = fields.get(name)
    return found.reveal() if found else ""


def _read(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadCredentials(f"{name} {path} is no text file.") from None
    except OSError as problem:
        raise BadCredentials(f"{name} {path} cannot be read: {problem.strerror}.") from None
