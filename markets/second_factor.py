"""A second factor: codes of an authenticator app, six digits that change every 30 s (RFC 6238).

A person has at most one. It counts from the first right code on, and is asked for at each sign-in
from then on. The secret is shown only until then.
"""

from __future__ import annotations

import base64
import io
from typing import Any

import segno
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django_otp import DEVICE_ID_SESSION_KEY, login
from django_otp.models import Device
from django_otp.plugins.otp_totp.models import TOTPDevice

LENGTH = 6


def has_one(user: Any) -> bool:
    """Whether a person's second factor counts."""
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def pending(user: User) -> TOTPDevice:
    """The device being set up, made when there is none."""
    found = TOTPDevice.objects.filter(user=user, confirmed=False).order_by("pk").first()
    return found or TOTPDevice.objects.create(user=user, name="authenticator", confirmed=False)


def secret_of(device: TOTPDevice) -> str:
    """The secret as authenticator apps take it, in groups of four letters."""
    text = base64.b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def drawing(device: TOTPDevice) -> SafeString:
    """The QR code of a device as SVG markup without styles."""
    out = io.BytesIO()
    segno.make(device.config_url, micro=False).save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=False,
        omitsize=True,
        scale=5,
        border=3,
        light="#fff",
        dark="#000",
    )
    # Drawn by us from our own address: nothing of it came from outside.
    return mark_safe(out.getvalue().decode())  # noqa: S308


@transaction.atomic
def try_code(request: HttpRequest, user: User, code: str) -> str:
    """Takes a code for this session; nothing when it is right, else a sentence."""
    device = _locked(user)
    if device is None:
        return "There is no second factor yet; set it up first."
    problem = _problem(device, code)
    if problem:
        return problem
    if not device.confirmed:
        TOTPDevice.objects.filter(pk=device.pk).update(confirmed=True)
        device.confirmed = True
    login(request, device)
    return ""


@transaction.atomic
def check_code(user: User, code: str) -> str:
    """Takes a code outside of a session, of somebody whose second factor counts; nothing when it
    is right, else a sentence.
    """
    device = _locked(user)
    if device is None or not device.confirmed:
        return f"{user.get_username()} has no second factor."
    return _problem(device, code)


def _locked(user: User) -> TOTPDevice | None:
    devices = TOTPDevice.objects.select_for_update().filter(user=user)
    return devices.order_by("-confirmed", "pk").first()


def _problem(device: TOTPDevice, code: str) -> str:
    digits = "".join(code.split())
    allowed, why = device.verify_is_allowed()
    if not allowed:
        return f"Too many wrong codes; wait {_seconds(why)} and try again."
    if len(digits) != LENGTH or not device.verify_token(digits):
        return (
            "This code is wrong or was used before; wait for the next one and enter all six digits."
        )
    return ""


def _seconds(why: dict[str, Any] | None) -> str:
    until = (why or {}).get("locked_until")
    if until is None:
        return "a moment"
    return f"{max(1, int((until - timezone.now()).total_seconds()))} s"


def remove(user: User) -> None:
    """Forgets a person's second factor."""
    TOTPDevice.objects.filter(user=user).delete()


def is_owed(session: Any, user: Any) -> bool:
    """Whether a session still owes the code of its user's second factor."""
    name = session.get(DEVICE_ID_SESSION_KEY)
    device = Device.from_persistent_id(name) if name else None
    shown = device is not None and device.confirmed and device.user_id == user.pk
    return not shown and has_one(user)
