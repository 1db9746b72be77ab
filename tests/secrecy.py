"""Whether a secret stands anywhere in what a site wrote: every encoding of it, in every place.

A log may shorten a line and a database wrap one, so pieces of a secret count as well. Its places:
each file of the data directory (the journal unpacked) but the database's own and the master key,
each table, each key in Redis, and pages that are given.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from cryptography.hazmat.primitives import serialization
from psycopg import sql

from tests.site import Site

PIECE = 16
OWN = ("postgres", "valkey")
KEPT = ("master_key",)
PAGES = """
from django.conf import settings
# Nobody collected static files for this site, whose pages a browser never sees.
settings.STORAGES['staticfiles'] = {
    'BACKEND': 'django.contrib.staticfiles.storage.StaticFilesStorage'}
from django.contrib.auth.models import User
from django.test import Client
from feeds.models import Credential
client = Client(SERVER_NAME='localhost')
client.force_login(User.objects.filter(is_superuser=True).first()
    or User.objects.create_superuser('secrecy', password='a-long-password'))
urls = ['/venues/', '/settings/', '/admin/', '/admin/feeds/credential/',
    '/admin/feeds/credential/add/', '/admin/markets/configrevision/', '/admin/markets/venue/']
for row in Credential.objects.all():
    urls += [f'/admin/feeds/credential/{row.pk}/change/',
        f'/admin/feeds/credential/{row.pk}/history/']
for url in urls:
    page = client.get(url, follow=True, secure=True)
    print('PAGE', page.status_code, url)
    print(page.content.decode())
"""


class Search:
    """Looks for secrets, given by name as they are used (a key in hexadecimal, a whole PEM)."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._names: dict[bytes, str] = {}
        for name, secret in secrets.items():
            for text in encodings(secret):
                self._names |= dict.fromkeys(pieces(text), name)
        self._all = sorted(self._names)

    def found(self, text: bytes) -> set[str]:
        """Names of the secrets a text shows."""
        return {self._names[piece] for piece in self._all if piece in text}

    def leaks(self, site: Site, *, pages: bool = True) -> list[str]:
        """Each place that shows a secret, and which."""
        places = [*files(site.folder), *tables(site), *redis_keys(site)]
        if pages:
            places.append(("the pages", shown(site).encode()))
        return sorted(f"{name} in {place}" for place, text in places for name in self.found(text))


SHELL = ("shell", "--no-imports", "-v0", "-c")


def shown(site: Site) -> str:
    """Every page that is about credentials, as an administrator sees it."""
    told = site.manage(*SHELL, PAGES)
    answers = re.findall(r"^PAGE (\d+) (\S+)", told, re.MULTILINE)
    assert answers
    refused = [answer for answer in answers if answer[0] != "200"]
    assert not refused, refused
    return told


def encodings(secret: str) -> set[bytes]:
    """The ways a secret may be written down: as it is, and its bytes, in hexadecimal, base64 (both
    alphabets, at each alignment inside something longer), decimal, quoted for an address, in JSON.
    """
    plain = [line.encode() for line in secret.splitlines() if "-----" not in line]
    found = {line for line in plain if len(line) >= PIECE}
    for body in {*plain, *raw_of(secret)}:
        texts = {body, body.hex().encode(), body.hex().upper().encode()}
        for ahead in range(3):
            # Only what no neighbour decides: the first and last letters depend on what is around.
            encoded = base64.b64encode(bytes(ahead) + body)[4 : 4 * ((ahead + len(body)) // 3)]
            texts |= {encoded, encoded.translate(bytes.maketrans(b"+/", b"-_"))}
        texts |= {quote(body).encode(), repr(body)[2:-1].encode()}
        if len(body) == 32:
            texts |= {str(int.from_bytes(body, order)).encode() for order in ("big", "little")}
        found |= texts
    found |= {json.dumps(line.decode())[1:-1].encode() for line in plain}
    return {text for text in found if len(text) >= PIECE}


def raw_of(secret: str) -> Iterator[bytes]:
    """The bytes that a secret's text stands for, where it stands for any."""
    if secret.startswith("-----BEGIN"):
        key: Any = serialization.load_pem_private_key(secret.encode(), None)
        yield key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )[-32:]
    elif re.fullmatch("[0-9a-fA-F]+", secret) and len(secret) % 2 == 0:
        yield bytes.fromhex(secret)
    else:
        yield base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))


def pieces(text: bytes) -> set[bytes]:
    """Its beginning, middle and end."""
    middle = (len(text) - PIECE) // 2
    return {text[:PIECE], text[middle : middle + PIECE], text[-PIECE:]}


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What every file says; packed ones unpacked."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if not path.is_file() or name.parts[0] in OWN or name.name in KEPT:
            continue
        body = path.read_bytes()
        yield str(name), gzip.decompress(body) if path.suffix == ".gz" else body


def tables(site: Site) -> Iterator[tuple[str, bytes]]:
    """Every row of every table, as PostgreSQL copies them out: bytes in hexadecimal."""
    with psycopg.connect(site.environ["DATABASE_URL"]) as connection:
        named = connection.execute(
            "select tablename from pg_tables where schemaname = 'public' order by 1"
        ).fetchall()
        for (name,) in named:
            asked = sql.SQL("copy (select * from {}) to stdout").format(sql.Identifier(name))
            with connection.cursor().copy(asked) as rows:
                yield f"table {name}", b"".join(bytes(row) for row in rows)


def redis_keys(site: Site) -> Iterator[tuple[str, bytes]]:
    """What every key holds."""
    client: Any = site.redis
    for key in client.scan_iter(count=1_000):
        match client.type(key):
            case b"string":
                parts = [client.get(key)]
            case b"hash":
                parts = [part for pair in client.hgetall(key).items() for part in pair]
            case b"list":
                parts = client.lrange(key, 0, -1)
            case b"set":
                parts = list(client.smembers(key))
            case b"zset":
                parts = client.zrange(key, 0, -1)
            case b"stream":
                entries = client.xrange(key)
                parts = [part for _, entry in entries for pair in entry.items() for part in pair]
            case _:
                parts = []
        yield f"key {key.decode(errors='replace')}", b"\n".join([key, *filter(None, parts)])
