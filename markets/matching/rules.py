"""The hard rules by name, in order: those of every pair, then those of its shape.

`judge_rules` answers with every finding. Three shapes: both on a game, both on a rate decision, or
statements. Polarity is derived here from the same facts, never guessed.
"""

from collections.abc import Callable

from markets.matching import game_rules, statement_rules
from markets.matching.clauses import unread
from markets.matching.facts import Facts
from markets.matching.games import meeting
from markets.matching.own_texts import disagreements
from markets.matching.quantities import Span, complements, equal
from markets.matching.rates import STEP, Move
from markets.matching.sources import allowance, data_sources
from markets.matching.verdicts import Finding, Kinship, Policy, SourceAllowance, Word
from markets.terms.units import MICRO

Rule = Callable[[Facts, Facts], Finding]


def texts(a: Facts, b: Facts) -> Finding:
    """Both venues' rule texts are there."""
    word = Word.PASS if a.has_rules and b.has_rules else Word.UNKNOWN
    return Finding(
        "texts",
        word,
        a.side.rules[:160],
        b.side.rules[:160],
        "" if word is Word.PASS else "a rule text is missing",
    )


def template(a: Facts, b: Facts) -> Finding:
    """No text is an unfilled template or contradicts itself."""
    found = [(f"{name}: {said}" if said else name) for f in (a, b) for name, said in f.faults]
    if not found:
        return Finding("template", Word.PASS)
    one = "; ".join(said for _, said in a.faults)
    two = "; ".join(said for _, said in b.faults)
    return Finding("template", Word.FAIL, one, two, found[0].partition(":")[0])


def binary(a: Facts, b: Facts) -> Finding:
    """Both markets have exactly two outcomes."""
    one, two = a.side.outcomes, b.side.outcomes
    if not one or not two:
        return Finding("binary", Word.UNKNOWN, " / ".join(one), " / ".join(two))
    word = Word.PASS if len(one) == len(two) == 2 else Word.FAIL
    return Finding("binary", word, " / ".join(one), " / ".join(two))


def shape(a: Facts, b: Facts) -> Finding:
    """Both are on a game, both on a rate decision, or neither."""
    one, two = _shape(a), _shape(b)
    if one == two:
        return Finding("shape", Word.PASS, one, two)
    return Finding("shape", Word.UNKNOWN, one, two, f"{one} beside {two}")


def _shape(facts: Facts) -> str:
    if facts.game is not None:
        return "game"
    return "rate decision" if facts.move is not None else "statement"


def clauses(a: Facts, b: Facts) -> Finding:
    """Every sentence of both rule texts is understood."""
    one, two = unread(a.clauses), unread(b.clauses)
    if not a.has_rules or not b.has_rules:
        return Finding("clauses", Word.UNKNOWN, why="a rule text is missing")
    if one or two:
        return Finding(
            "clauses",
            Word.UNKNOWN,
            one[0] if one else "",
            two[0] if two else "",
            "a clause cannot be read",
        )
    return Finding("clauses", Word.PASS, f"{len(a.clauses)} read", f"{len(b.clauses)} read")


def agreement(a: Facts, b: Facts) -> Finding:
    """Title, rules and ticker of each market say the same."""
    one, two = disagreements(a), disagreements(b)
    if not one and not two:
        return Finding("agreement", Word.PASS)
    return Finding(
        "agreement",
        Word.UNKNOWN,
        one[0] if one else "",
        two[0] if two else "",
        "a market's own texts say different things",
    )


def source(a: Facts, b: Facts, allowed: tuple[SourceAllowance, ...] = ()) -> Finding:
    """The same source, or two classes the allowlist lets stand for one another."""
    x, y = frozenset(a.sources), frozenset(b.sources)
    one, two = (", ".join(sorted(s)) for s in (x, y))
    data_a, data_b = data_sources(x), data_sources(y)
    if data_a and data_b and not data_a & data_b:
        return Finding("source", Word.FAIL, one, two, "another source of the figures")
    decides = _figures(a, b)
    if decides and not (data_a & data_b):
        return Finding(
            "source",
            Word.UNKNOWN,
            one,
            two,
            "the source of the figures is not stated on both sides",
        )
    if not a.has_rules or not b.has_rules:
        return Finding("source", Word.UNKNOWN, one, two, "a rule text is missing")
    reason = allowance(x or frozenset({"contest"}), y or frozenset({"contest"}), allowed)
    if reason is None:
        return Finding("source", Word.UNKNOWN, one, two, "no allowance for these sources")
    return Finding("source", Word.PASS, one or "contest", two or "contest", reason)


def _figures(a: Facts, b: Facts) -> bool:
    """Whether a published figure decides, so that another publisher may say another number."""
    return (a.span is not None or b.span is not None) and a.game is None and b.game is None


def rate_bank(a: Facts, b: Facts) -> Finding:
    """The same central bank."""
    x, y = _moves(a, b)
    if not x.bank or not y.bank:
        return Finding("bank", Word.UNKNOWN, x.bank, y.bank)
    return Finding("bank", Word.PASS if x.bank == y.bank else Word.FAIL, x.bank, y.bank)


def rate_meeting(a: Facts, b: Facts) -> Finding:
    """The same meeting."""
    x, y = _moves(a, b)
    one, two = (f"{m.meeting[0]}-{m.meeting[1]:02d}" if m.meeting else "" for m in (x, y))
    if x.meeting is None or y.meeting is None:
        return Finding("meeting", Word.UNKNOWN, one, two)
    same = x.meeting == y.meeting
    return Finding(
        "meeting", Word.PASS if same else Word.FAIL, one, two, "" if same else "another meeting"
    )


def rate_move(a: Facts, b: Facts) -> Finding:
    """The same move, on the grid of 25 basis points."""
    x, y = _moves(a, b)
    same = equal(x.span, y.span, STEP)
    return Finding(
        "move",
        Word.PASS if same else Word.FAIL,
        x.span.quote,
        y.span.quote,
        "" if same else "another move",
    )


def _moves(a: Facts, b: Facts) -> tuple[Move, Move]:
    if a.move is None or b.move is None:
        raise ValueError("a rule for rate decisions was asked about markets that are on none")
    return a.move, b.move


COMMON: tuple[tuple[str, str, Rule], ...] = (
    ("texts", "both venues' rule texts are there", texts), ("template", "no unfilled template, no contradiction", template),
    ("binary", "two outcomes each", binary), ("shape", "game, rate decision or statement alike", shape),
    ("clauses", "every sentence of the rules is understood", clauses),
    ("agreement", "each market's own texts agree", agreement),
)  # fmt: skip
RATES: tuple[tuple[str, str, Rule], ...] = (
    ("bank", "the same central bank", rate_bank), ("meeting", "the same meeting", rate_meeting),
    ("move", "the same move, on the grid of 25 basis points", rate_move),
)  # fmt: skip


def findings(a: Facts, b: Facts, policy: Policy) -> tuple[Finding, ...]:
    """Every rule's word on two sides, in order; polarity last."""
    found = [rule(a, b) for _, _, rule in COMMON]
    found.append(source(a, b, policy.sources))
    if a.game is not None and b.game is not None:
        found += [rule(a, b) for _, _, rule in game_rules.RULES]
    elif a.move is not None and b.move is not None:
        found += [rule(a, b) for _, _, rule in RATES]
    elif a.game is None and b.game is None and a.move is None and b.move is None:
        found += [rule(a, b) for _, _, rule in statement_rules.RULES]
    found.append(polarity(a, b))
    return tuple(found)


def polarity(a: Facts, b: Facts) -> Finding:
    """Which outcome pays with which is derived from the facts of both."""
    if _by_order(a) or _by_order(b):
        why = "no word says which side is long, only the order of the slug"
        return Finding("polarity", Word.UNKNOWN, _backed(a), _backed(b), why)
    told = kinship(a, b)
    word = Word.UNKNOWN if told is Kinship.NONE else Word.PASS
    clash = _sides_clash(a, b)
    if clash:
        return Finding("polarity", Word.FAIL, _backed(a), _backed(b), clash)
    return Finding(
        "polarity",
        word,
        _backed(a),
        _backed(b),
        told.value if told is not Kinship.NONE else "not derived",
    )


def _by_order(facts: Facts) -> bool:
    return facts.game is not None and facts.game.by_order


def _backed(facts: Facts) -> str:
    game = facts.game
    if game is not None and game.backs is not None:
        return game.entrants[game.backs].name or game.entrants[game.backs].code
    return facts.statement.subject or (facts.side.outcomes[0] if facts.side.outcomes else "")


def _sides_clash(a: Facts, b: Facts) -> str:
    """Two winners of a three-way game exclude one another without being opposites."""
    x, y = a.game, b.game
    if x is None or y is None or not x.kind == y.kind == "win" or not (x.three_way and y.three_way):
        return ""
    met = meeting(x, y)
    if met.crossed is None or x.backs is None or y.backs is None:
        return ""
    return (
        ""
        if (x.backs == y.backs) != met.crossed
        else "they back different sides, and a level end pays neither"
    )


def kinship(a: Facts, b: Facts) -> Kinship:
    """Whether the first outcomes pay together or against one another; none when not derived."""
    if a.game is not None and b.game is not None:
        return _game_kinship(a, b)
    if a.move is not None and b.move is not None:
        return Kinship.SAME if rate_move(a, b).word is Word.PASS else Kinship.NONE
    if a.game is not None or b.game is not None or a.move is not None or b.move is not None:
        return Kinship.NONE
    return _statement_kinship(a, b)


def _game_kinship(a: Facts, b: Facts) -> Kinship:
    x, y = a.game, b.game
    if x is None or y is None or x.kind != y.kind or x.by_order or y.by_order:
        return Kinship.NONE
    if x.kind == "win" or x.kind == "advance":
        met = meeting(x, y)
        if met.crossed is None or x.backs is None or y.backs is None:
            return Kinship.NONE
        if (x.backs == y.backs) != met.crossed:
            return Kinship.SAME
        return Kinship.NONE if x.three_way or y.three_way else Kinship.INVERSE
    told = game_rules.oriented(x, y)
    if told is None:
        return Kinship.SAME if x.kind in ("draw", "btts", "extra-innings") else Kinship.NONE
    return _of_spans(told, MICRO)  # points, goals and games are whole


def _of_spans(told: tuple[Span, Span], step: int | None = None) -> Kinship:
    if equal(*told, step):
        return Kinship.SAME
    return Kinship.INVERSE if complements(*told, step) else Kinship.NONE


def _statement_kinship(a: Facts, b: Facts) -> Kinship:
    if statement_rules.opposite_parties(a, b):
        return Kinship.INVERSE
    if a.negated != b.negated or statement_rules.subject(a, b).word is not Word.PASS:
        return Kinship.NONE
    turned = _turned(a) != _turned(b)
    if a.span is not None and b.span is not None:
        straight = _of_spans((a.span, b.span))
        if straight is Kinship.NONE or not turned:
            return straight
        return Kinship.SAME if straight is Kinship.INVERSE else Kinship.INVERSE
    return Kinship.INVERSE if turned else Kinship.SAME


def _turned(facts: Facts) -> bool:
    """Whether the first outcome is the one that denies the question."""
    return facts.side.outcomes[:1] == ("No",)


def table() -> tuple[tuple[str, str, str], ...]:
    """Every rule with where it applies and what it asks, in the order in which they speak."""
    parts = (
        ("every pair", COMMON),
        ("every pair", (("source", "the same source, or classes the allowlist joins", source),)),
        ("games", game_rules.RULES),
        ("rate decisions", RATES),
        ("statements", statement_rules.RULES),
        ("every pair", (("polarity", "which outcome pays with which is derived", polarity),)),
    )
    rows = [(name, where, asks) for where, rules in parts for name, asks, _ in rules]
    return (*rows, ("payoff", "every pair", "the payoff table is sound and has packages"))
