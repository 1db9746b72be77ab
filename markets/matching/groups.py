"""Relations beyond identity, built from facts: nested markets, ladders, fields, results of a match.

Each function answers with a relation and its payoff table, or with the sentence that says why not.
A field is exhaustive only with a certificate; a placeholder, "Other" or an augmented list gets none,
and then the world in which all lose stands in the table. Fall-backs of the venues become tail
worlds with a stated prior (`tails.PRIORS`). Not here: pairs that pay alike or against one another
(`decide.payoff`), covers and prices.
"""

from collections.abc import Sequence

import msgspec

from markets.matching.facts import Facts, extract
from markets.matching.quantities import Span, contains, disjoint
from markets.matching.sides import Side
from markets.matching.statement_rules import RULES, edition
from markets.matching.statements import same_subject
from markets.matching.tails import PRIORS
from markets.matching.verdicts import Word
from markets.terms.ids import MarketId, VenueId, market_id
from markets.terms.lines import Result
from markets.terms.lines import match as match_table
from markets.terms.relations import Relation, WorldKind
from markets.terms.tables import (
    Mishap,
    Range,
    Runner,
    Subject,
    certify,
    field,
    implied,
    ranges,
    with_mishaps,
)

NUMBER_APART = ("number", "residue")
WINDOW_APART = ("window", "edition", "residue")
SETTLED_APART = ("half", "fair", "refund")


class Group(msgspec.Struct, frozen=True):
    """A relation, what kind it is, and why it holds. `exhaustive` says whether one surely pays."""

    kind: str
    relation: Relation
    why: str
    exhaustive: bool


def market_of(side: Side) -> MarketId:
    """The market's id across venues."""
    return market_id(VenueId(side.venue), side.id)


def nested(subject: Subject, a: Side, b: Side) -> Group | str:
    """One market that pays whenever the other does: a narrower number, or an earlier cut-off.

    Everything but the number, or but the cut-off, must pass its rule.
    """
    x, y = extract(a), extract(b)
    if x.span is not None and y.span is not None and _else_equal(x, y, NUMBER_APART):
        return _nested_spans(subject, x, y)
    if _both_by(x, y) and _else_equal(x, y, WINDOW_APART):
        early, late = (a, b) if _cut(x) < _cut(y) else (b, a)
        why = f"by {_cut(extract(early))} lies within by {_cut(extract(late))}"
        return _implied(subject, early, late, why)
    return "Neither market is known to pay whenever the other does."


def _nested_spans(subject: Subject, x: Facts, y: Facts) -> Group | str:
    one, two = x.span, y.span
    if one is None or two is None:
        return "One market names no number."
    if contains(two, one) and not contains(one, two):
        return _implied(subject, x.side, y.side, f"{one.quote} lies within {two.quote}")
    if contains(one, two) and not contains(two, one):
        return _implied(subject, y.side, x.side, f"{two.quote} lies within {one.quote}")
    if disjoint(one, two):
        return f"{one.quote} and {two.quote} exclude one another: make a ladder of them."
    return f"Neither of {one.quote} and {two.quote} lies within the other."


def _implied(subject: Subject, narrow: Side, wide: Side, why: str) -> Group:
    relation = implied(subject, market_of(narrow), market_of(wide))
    return Group("subset", _with_tails(relation, (narrow, wide)), why, False)


def _both_by(x: Facts, y: Facts) -> bool:
    return all(
        f.window is not None and f.window.form == "by" and f.window.cut is not None for f in (x, y)
    ) and _cut(x) != _cut(y)


def _cut(facts: Facts) -> str:
    cut = facts.window.cut if facts.window else None
    return cut.isoformat(" ", "minutes") if cut else ""


def _else_equal(x: Facts, y: Facts, apart: tuple[str, ...]) -> bool:
    """Whether every rule for statements passes but those named."""
    return all(rule(x, y).word is Word.PASS for name, _, rule in RULES if name not in apart)


def ladder(subject: Subject, sides: Sequence[Side]) -> Group | str:
    """Thresholds and brackets on one number; every stretch between strikes is a world.

    Exhaustive when the brackets leave no gap. All must state the same but for the number.
    """
    facts = [extract(side) for side in sides]
    if len(facts) < 2:
        return "A ladder needs two markets."
    for one in facts:
        if one.span is None:
            return f"{one.side.title or one.side.id} names no number that can be read."
        if one is not facts[0] and not _else_equal(facts[0], one, NUMBER_APART):
            return f"{one.side.title or one.side.id} is not known to be on the same number."
    strikes = [_range(one) for one in facts if one.span is not None]
    relation = _with_tails(ranges(subject, strikes), tuple(sides))
    whole = _leaves_no_gap([one.span for one in facts if one.span is not None])
    return Group("ladder", relation, f"{len(facts)} ranges of one number", whole)


def _range(facts: Facts) -> Range:
    span = facts.span
    if span is None:
        raise ValueError(f"{facts.side.id} names no number")
    return Range(market_of(facts.side), span.low, span.high, span.low_in, span.high_in)


def _leaves_no_gap(found: Sequence[Span]) -> bool:
    """Whether every number lies in one of the spans, without rounding: ends must meet exactly."""
    reached: tuple[int, bool] | None = None
    for span in sorted(found, key=lambda s: (s.low is not None, s.low or 0, not s.low_in)):
        if span.low is not None:
            if reached is None or span.low > reached[0]:
                return False
            if span.low == reached[0] and not (reached[1] or span.low_in):
                return False
        if span.high is None:
            return True
        end = (span.high, span.high_in)
        reached = end if reached is None else max(reached, end)
    return False


def field_of(subject: Subject, sides: Sequence[Side]) -> Group | str:
    """The runners of one event, of which at most one pays; exactly one with a certificate.

    Markets of several venues on one runner share its row. A certificate is given only when each
    venue's event is negative risk, none is augmented, and no name is a placeholder.
    """
    runners: list[tuple[Facts, list[Side]]] = []
    for side in sides:
        facts = extract(side)
        if not facts.statement.subject:
            return f"{side.title or side.id} names no runner that can be read."
        if runners and edition(runners[0][0], facts).word is Word.FAIL:
            return f"{side.title or side.id} is of another year."
        _seat(runners, facts)
    names = [facts.statement.subject for facts, _ in runners]
    if len(names) < 2:
        return "A field needs two runners."
    grown = any(side.augmented for side in sides)
    certain = all(side.neg_risk or side.is_kalshi for side in sides) and any(
        side.neg_risk for side in sides
    )
    told = certify(names, "negative risk: the venue pays exactly one of the list", augmented=grown)
    certificate = told if certain and not isinstance(told, str) else None
    entries = [
        Runner(facts.statement.subject, tuple(market_of(s) for s in listed))
        for facts, listed in runners
    ]
    relation = _with_tails(field(subject, entries, certificate), tuple(sides))
    why = told if isinstance(told, str) else told.reason
    if certificate is None and not isinstance(told, str):
        why = "No venue says that one of them must pay."
    return Group("field", relation, why, certificate is not None)


def _seat(runners: list[tuple[Facts, list[Side]]], facts: Facts) -> None:
    """Put a market with its runner; the same runner at another venue joins it."""
    for known, listed in runners:
        elsewhere = all(side.venue != facts.side.venue for side in listed)
        if elsewhere and same_subject(known.statement, facts.statement) is True:
            listed.append(facts.side)
            return
    runners.append((facts, [facts.side]))


def results(subject: Subject, home: Side, draw: Side, away: Side) -> Group | str:
    """Home, draw and away of one match: exclusive, and exhaustive by the rules of the game."""
    games = [extract(side).game for side in (home, draw, away)]
    if any(game is None for game in games):
        return "One of the three is not known to be on a match."
    kinds = [game.kind for game in games if game is not None]
    days = {(game.league, game.day, game.period) for game in games if game is not None}
    if kinds != ["win", "draw", "win"] or len(days) != 1:
        return "These are not the three results of one match."
    if games[0] is not None and games[2] is not None and games[0].backs == games[2].backs:
        return "Home and away back one side."
    if not all(game is not None and game.three_way for game in (games[0], games[2])):
        return "A level end is not known to lose for home and away."
    told = {extract(side).overtime for side in (home, draw, away)} - {""}
    if len(told) > 1:
        return "The three do not end at the same time of the match."
    relation = match_table(
        subject,
        [
            Result(market_of(home), home=True),
            Result(market_of(draw), draw=True),
            Result(market_of(away), away=True),
        ],
    )
    why = "a match ends with one side ahead or level"
    return Group("1X2", _with_tails(relation, (home, draw, away)), why, True)


def results_of(subject: Subject, sides: Sequence[Side]) -> Group | str:
    """Three markets of one match as its results, whatever their order."""
    if len(sides) != 3:
        return "These are not the three results of one match."
    games = [(extract(side).game, side) for side in sides]
    draws = [side for game, side in games if game is not None and game.kind == "draw"]
    wins = {game.backs: side for game, side in games if game is not None and game.kind == "win"}
    if len(draws) != 1 or set(wins) != {0, 1}:
        return "These are not the three results of one match."
    return results(subject, wins[0], draws[0], wins[1])


def joined(subject: Subject, base: Sequence[Side], others: Sequence[Side]) -> Group | str:
    """A whole set of one venue, with markets elsewhere that are each one with a market of it.

    Only with a certificate: without one nothing is gained by another venue's row. A market that does
    not sit down with one of the set is no part of it, and then there is no group.
    """
    if not others:
        return "No market elsewhere is one of these."
    alone = ladder(subject, base)
    build = ladder if not isinstance(alone, str) else field_of
    whole = build(subject, base)
    if isinstance(whole, str):
        return whole
    if not whole.exhaustive:
        return f"The set has no certificate: {whole.why}"
    found = build(subject, [*base, *others])
    if isinstance(found, str):
        return found
    decisive = sum(world.kind is WorldKind.DECISIVE for world in found.relation.worlds)
    before = sum(world.kind is WorldKind.DECISIVE for world in whole.relation.worlds)
    if not found.exhaustive or decisive != before:
        return "A market elsewhere adds a world of its own: it is not one of these."
    return found


def _with_tails(relation: Relation, sides: Sequence[Side]) -> Relation:
    """The relation with each venue's own way of settling an unfinished event."""
    mishaps: dict[tuple[str, str], Mishap] = {}
    for side in sides:
        for clause in extract(side).clauses:
            if clause.kind == "void" and clause.settles in SETTLED_APART:
                key = (side.venue, clause.settles)
                mishaps[key] = Mishap(VenueId(side.venue), clause.settles, PRIORS["void"][0])
    first_of_venue = {venue: mishap for (venue, _), mishap in reversed(list(mishaps.items()))}
    return with_mishaps(relation, list(first_of_venue.values()))
