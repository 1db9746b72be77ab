"""The naked panel of a deal's page: one leg, what it can come to, four choices in words."""

from __future__ import annotations

import msgspec

from markets.terms import formats
from markets.terms.units import MS, Ns, Px, Usd
from trading.engine.pictures import ChoicePicture, EnginePicture, NakedPicture
from trading.live import SILENT_NS

WORDS = {
    "wait": ("Wait", "Send nothing. The policy acts by itself at its deadline.", "Keep waiting"),
    "hedge": ("Rest a hedge", "Rest the missing leg where the loss stays allowed.", "Rest it"),
    "cross": ("Cross now", "Buy the missing leg at the offers. Ends flat.", "Cross now"),
    "unwind": ("Unwind now", "Sell the naked leg at the bids and pay the fee twice.", "Unwind now"),
}
BAR = 1000


class ChoiceLine(msgspec.Struct, frozen=True):
    """One choice as a card."""

    kind: str
    title: str
    text: str
    button: str
    expected: Usd
    worst: Usd
    chance: str
    left: str
    policy: bool
    chosen: bool
    allowed: bool


class NakedPanel(msgspec.Struct, frozen=True):
    """The panel: `bar` is the part of a thousand of the time allowed that has passed."""

    deal: str
    legs: str
    hedge: str
    loses: Usd
    gains: Usd
    since: Ns
    age: str
    allowed: str
    bar: int
    urgent: str
    note: str
    is_open: bool
    choices: tuple[ChoiceLine, ...]


def naked_panel(engine: EnginePicture | None, deal: str, now: int) -> NakedPanel | None:
    """The panel of a naked deal, None when it is not naked or nothing is known of the engine."""
    if engine is None:
        return None
    found = next((one for one in engine.naked_deals if one.deal == deal), None)
    return None if found is None else _panel(found, now, silent=now - engine.at > SILENT_NS)


def _panel(naked: NakedPicture, now: int, *, silent: bool) -> NakedPanel:
    passed = max(0, now - naked.since)
    whole = max(1, naked.due - naked.since)
    return NakedPanel(
        deal=naked.deal,
        legs=naked.legs,
        hedge=naked.hedge,
        loses=naked.loses,
        gains=naked.gains,
        since=naked.since,
        age=formats.age(Ns(passed)),
        allowed=formats.age(Ns(whole)) if naked.policy else "",
        bar=min(BAR, passed * BAR // whole),
        urgent=naked.urgent,
        note=_note(naked, silent=silent),
        is_open=naked.open and not silent,
        choices=tuple(_line(option, naked) for option in naked.options),
    )


def _note(naked: NakedPicture, *, silent: bool) -> str:
    if silent:
        return "The engine is silent. Trade by hand at the venue."
    if naked.waits:
        return "An order is on its way. Nothing else is sent until it is answered."
    if naked.chosen:
        return f"Asked: {WORDS[naked.chosen][0].lower()}."
    if naked.state == "residual":
        return "The policy has done what it may. A person must choose."
    return naked.urgent


def _line(option: ChoicePicture, naked: NakedPicture) -> ChoiceLine:
    title, text, button = WORDS[option.choice]
    if option.px is not None:
        title = f"{title} at {formats.price(Px(option.px))}"
    at_once = option.choice in ("cross", "unwind")
    chance = formats.NOTHING if option.choice == "wait" else _percent(option.chance_ppm)
    return ChoiceLine(
        kind=option.choice,
        title=title,
        text=text,
        button=button,
        expected=option.expected,
        worst=option.worst,
        chance=chance,
        left="now" if at_once else formats.age(Ns(option.left_ms * MS)),
        policy=option.choice == naked.policy,
        chosen=option.choice == naked.chosen,
        allowed=option.allowed,
    )


def _percent(ppm: int) -> str:
    return f"{ppm // 10_000}%"
