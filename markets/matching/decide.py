"""The judgement on two markets: hard rules, then a score with reasons, then the policy.

`auto` only when every rule passes, the score reaches the policy's least, and the payoff table can be
built and proven; `reject` when a rule fails; everything else goes to a person. Swapping the sides
changes nothing but the order of the quotes.
"""

from functools import lru_cache

from markets.matching.facts import extract
from markets.matching.rules import findings, kinship
from markets.matching.score import score
from markets.matching.sides import Side
from markets.matching.tails import tail_worlds
from markets.matching.verdicts import Finding, Judgement, Kinship, Policy, TailLoss, Verdict, Word
from markets.terms.ids import RelationId, VenueId, market_id
from markets.terms.packages import packages
from markets.terms.relations import Relation, TailRisk, faults, pair
from markets.terms.units import Px

STANDARD = Policy()


def judge(a: Side, b: Side, policy: Policy = STANDARD) -> Judgement:
    """What two markets are to one another, with every rule's word and both sides' evidence."""
    x, y = extract(a), extract(b)
    found = findings(x, y, policy)
    relation = kinship(x, y)
    tails = tail_worlds(x, y)
    proof = _payoff(relation, tails)
    found = (*found, proof)
    reached = score(x, y, found)
    verdict = _verdict(found, reached, policy)
    if verdict is Verdict.REJECT:
        relation = Kinship.NONE
    return Judgement(
        verdict, relation, reached, found, _reasons(found, reached, policy, verdict), tails
    )


def _verdict(found: tuple[Finding, ...], reached: float, policy: Policy) -> Verdict:
    if any(f.word is Word.FAIL for f in found):
        return Verdict.REJECT
    if all(f.word is Word.PASS for f in found) and reached >= policy.auto_score:
        return Verdict.AUTO
    return Verdict.REVIEW


def _payoff(relation: Kinship, tails: tuple[TailLoss, ...]) -> Finding:
    """The payoff table exists, is sound, and has packages that pay a dollar in every world."""
    if relation is Kinship.NONE:
        return Finding("payoff", Word.UNKNOWN, why="no payoff table without a relation")
    wrong, worlds, covers = _proof(relation, tails)
    if wrong or not covers:
        return Finding("payoff", Word.FAIL, why=wrong or "no package covers")
    return Finding("payoff", Word.PASS, why=f"{worlds} worlds, {covers} packages")


@lru_cache(maxsize=4_096)
def _proof(relation: Kinship, tails: tuple[TailLoss, ...]) -> tuple[str, int, int]:
    """What is wrong with a table of this shape, its worlds and its packages; names do not matter."""
    table = payoff(Side("a", "a"), Side("b", "b"), relation, tails)
    if table is None:
        return "no table", 0, 0
    wrong = faults(table)
    return (wrong[0] if wrong else ""), len(table.worlds), len(packages(table))


def payoff(a: Side, b: Side, relation: Kinship, tails: tuple[TailLoss, ...]) -> Relation | None:
    """The payoff table of two markets, tail worlds included; None without a relation."""
    if relation is Kinship.NONE:
        return None
    first, second = (market_id(VenueId(s.venue), s.id or "unnamed") for s in (a, b))
    return pair(
        RelationId(f"{first}={second}"), first, second, title=a.title or b.title or a.id,
        inverse=relation is Kinship.INVERSE,
        tails=tuple(TailRisk(t.name, t.ppm, Px(t.a_first), Px(t.b_first)) for t in tails),
    )  # fmt: skip


def _reasons(
    found: tuple[Finding, ...], reached: float, policy: Policy, verdict: Verdict
) -> tuple[str, ...]:
    """Sentences for a person: what failed, then what is not known, then the score."""
    said = []
    for word in (Word.FAIL, Word.UNKNOWN):
        said += [_sentence(f) for f in found if f.word is word]
    if verdict is Verdict.AUTO:
        said.append(
            f"every rule passes and the score {reached:.2f} reaches {policy.auto_score:.2f}"
        )
    elif verdict is Verdict.REVIEW:
        said.append(f"score {reached:.2f}; a person decides")
    return tuple(said)


def _sentence(finding: Finding) -> str:
    quotes = " | ".join(q[:80] for q in (finding.a, finding.b) if q)
    verb = "fails" if finding.word is Word.FAIL else "is not known"
    parts = [f"{finding.rule} {verb}"]
    if finding.why:
        parts.append(finding.why)
    return ": ".join(parts) + (f" ({quotes})" if quotes else "")
