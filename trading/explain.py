"""Why an edge is or is not taken, as text: the sentence, the walk, the sum, the worlds, the gates.

Made from one relation's picture; nothing is computed that the engine did not say.
"""

from __future__ import annotations

import msgspec

from markets.terms import formats
from markets.terms.units import MS, Px, Rounding
from trading.engine.pictures import PackagePicture, Reading, RelationPicture, Verdict
from trading.rows import best_package, blocker, comparison, dom_id, gate_words

ICONS = {
    Verdict.PASSED: "check",
    Verdict.REFUSED: "x",
    Verdict.WAITING: "clock",
    Verdict.SAFETY: "triangle-alert",
    Verdict.NOT_REACHED: "minus",
}


class GateLine(msgspec.Struct, frozen=True):
    """One gate: its verdict as a class, its icon, its words, its numbers."""

    verdict: str
    icon: str
    name: str
    detail: str


class SumLine(msgspec.Struct, frozen=True):
    """One line between $1 and the net edge."""

    text: str
    amount: str


class WalkLine(msgspec.Struct, frozen=True):
    """One step into the books; `closes` marks the last one that is taken."""

    prices: tuple[str, ...]
    cost: str
    fees: str
    net: str
    qty: str
    profit: str
    taken: bool
    closes: bool
    gain: bool


class WorldLine(msgspec.Struct, frozen=True):
    """What each leg pays in a world, in cents."""

    name: str
    pays: tuple[str, ...]
    total: str
    grade: str
    tail: bool
    chance: str


class WayLine(msgspec.Struct, frozen=True):
    """One package of the relation beside the others."""

    label: str
    net: str
    percent: str
    best: bool
    approved: bool


class Explanation(msgspec.Struct, frozen=True):
    """The whole explanation of a relation's best package."""

    id: str
    relation: str
    title: str
    at_ms: int
    lead: str
    rest: str
    good: bool
    deal: str
    ways: tuple[WayLine, ...]
    leg_names: tuple[str, ...]
    leg_shorts: tuple[str, ...]
    walk: tuple[WalkLine, ...]
    sums: tuple[SumLine, ...]
    net: str
    worlds: tuple[WorldLine, ...]
    gates: tuple[GateLine, ...]
    unreached: str


def explain(picture: RelationPicture) -> Explanation:
    """The explanation of one relation's best package."""
    best = best_package(picture)
    lead, rest, good = _sentence(picture, best)
    legs = best.legs if best else ()
    return Explanation(
        id=dom_id(picture.id),
        relation=picture.id,
        title=picture.title,
        at_ms=picture.at // MS,
        lead=lead,
        rest=rest,
        good=good,
        deal=picture.deal or "",
        ways=tuple(_way(p, picture.best) for p in picture.packages),
        leg_names=tuple(f"{leg.short} {leg.outcome}" for leg in legs),
        leg_shorts=tuple(leg.short for leg in legs),
        walk=_walk(best),
        sums=_sums(best),
        net=formats.edge(best.net if best else None),
        worlds=_worlds(best),
        gates=tuple(_gate(r) for r in best.readings) if best else (),
        unreached=_unreached(best.readings if best else ()),
    )


def _unreached(readings: tuple[Reading, ...]) -> str:
    """The gates that were not asked, in their order."""
    return ", ".join(gate_words(r.gate) for r in readings if r.verdict is Verdict.NOT_REACHED)


def _sentence(picture: RelationPicture, best: PackagePicture | None) -> tuple[str, str, bool]:
    if picture.deal is not None:
        return f"In a deal, {picture.deal_state}.", "No second deal opens beside it.", True
    if best is None or best.net is None:
        return "No quote.", "At least one leg has nobody to buy from.", False
    reading = blocker(best)
    if reading is not None:
        return _refusal(best, reading)
    if best.net <= 0:
        return (
            "No edge.",
            f"Buying {best.label} costs {formats.exact_cents(best.cost)}¢ and nets "
            f"{formats.edge_cents(best.net)} after fees, friction and tail.",
            False,
        )
    if not best.approved:
        return "Not taken: this way round is not approved.", "Approve it under Rules.", False
    return (
        "All gates pass.",
        f"Takes {formats.count(best.qty)} at {formats.edge_cents(best.net)} for "
        f"{formats.money(best.profit, gain=True)}.",
        True,
    )


def _refusal(best: PackagePicture, reading: Reading) -> tuple[str, str, bool]:
    word = gate_words(reading.gate)
    opening = {
        Verdict.WAITING: f"Waiting: {word}.",
        Verdict.SAFETY: f"Held: {word}.",
    }.get(reading.verdict, f"Not taken: {word}.")
    actual = formats.amount(reading.actual, reading.unit)
    limit = formats.amount(reading.limit, reading.unit)
    if reading.gate == "min_edge":
        rest = f"Nets {formats.edge_cents(best.net)} a share, needs {limit}."
        if reading.actual is not None and reading.actual > 0:
            rest += f" Would pass if min edge were {actual} or less."
    elif reading.gate == "max_edge":
        rest = f"{actual} is above {limit}. Usually a stale book or a wrong match. Check the rules."
    elif reading.text:
        rest = reading.text
    elif reading.actual is not None and reading.limit is not None:
        rest = f"It is {actual}, the limit is {limit}."
    else:
        rest = ""
    return opening, rest, False


def _gate(reading: Reading) -> GateLine:
    detail = "not reached" if reading.verdict is Verdict.NOT_REACHED else comparison(reading)
    return GateLine(reading.verdict.value, ICONS[reading.verdict], gate_words(reading.gate), detail)


def _way(package: PackagePicture, best: int) -> WayLine:
    return WayLine(
        label=package.label,
        net=formats.edge_cents(package.net),
        percent=formats.percent(package.net_ppm) if package.net is not None else "",
        best=package.package == best,
        approved=package.approved,
    )


def _walk(best: PackagePicture | None) -> tuple[WalkLine, ...]:
    rows = best.walk if best else ()
    taken = [number for number, row in enumerate(rows) if row.taken]
    last = taken[-1] if taken else -1
    ticks = tuple(leg.tick for leg in best.legs) if best else ()
    return tuple(
        WalkLine(
            prices=tuple(
                formats.cents(px, tick) for px, tick in zip(row.prices, ticks, strict=False)
            ),
            cost=formats.exact_cents(row.cost),
            fees=formats.exact_cents(row.fees),
            net=formats.edge(row.net),
            qty=formats.count(row.qty),
            profit=formats.money(row.profit, gain=True),
            taken=row.taken,
            closes=number == last and number + 1 < len(rows),
            gain=row.net > 0,
        )
        for number, row in enumerate(rows)
    )


def _sums(best: PackagePicture | None) -> tuple[SumLine, ...]:
    if best is None or best.cost is None:
        return ()
    lines = [
        SumLine("Pays in every decisive world", formats.exact_cents(best.payout)),
        SumLine(best.label, _minus(best.cost)),
    ]
    lines += [SumLine(f"{leg.short} fee, {leg.fee_text}", _minus(leg.fee)) for leg in best.legs]
    rounding = _minus(Px(best.fees - sum(leg.fee for leg in best.legs)))
    if rounding.strip("+−") != "0.00":
        lines.append(SumLine("Fees over the whole size", rounding))
    lines.append(SumLine("Friction", _minus(best.friction)))
    lines.append(SumLine("Tail worlds", _minus(best.tail)))
    return tuple(lines)


def _minus(px: int) -> str:
    if px <= 0:
        text = formats.exact_cents(Px(-px), rounding=Rounding.DOWN)
        return text if not px else f"+{text}"
    return f"{formats.MINUS}{formats.exact_cents(Px(px))}"


def _worlds(best: PackagePicture | None) -> tuple[WorldLine, ...]:
    if best is None:
        return ()
    return tuple(
        WorldLine(
            name=row.name,
            pays=tuple(_whole(px) for px in row.pays),
            total=_whole(row.total),
            grade="below"
            if row.total < best.payout
            else "above"
            if row.total > best.payout
            else "",
            tail=row.kind == "tail",
            chance=formats.probability(row.ppm) if row.kind == "tail" else row.kind,
        )
        for row in best.worlds
    )


def _whole(px: Px) -> str:
    text = formats.cents(px, rounding=Rounding.DOWN)
    return text.removesuffix(".0")
