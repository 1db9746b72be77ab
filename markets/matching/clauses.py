"""Clauses of a rule text, sentence by sentence: condition, source, void, tie, postponement, scope …

A sentence that fits no known clause is unread, and one unread sentence keeps a pair from being
confirmed by itself. Void and fall-back clauses carry how they settle (no, half, fair, other, stays
open). Unfilled templates and contradictions are faults. Source: rule texts of both venues, 2026.
"""

import re
from functools import lru_cache

import msgspec

from markets.matching.sides import Side
from markets.matching.wording import plain, sentences

READ: tuple[tuple[str, str], ...] = (
    ("condition", r"then the market (?:will )?resolves? to|resolves? (?:immediately )?(?:to )?\"?yes\"?,? (?:if|when)|^otherwise|polymarket on whether|^if .{2,80}?,? (?:the|this) market will resolve to \"|this market will resolve to \"yes\"$"),
    ("notice", r"not (?:been )?(?:affiliated|endorsed|associated)|trademarks|descriptive only|this market and these products"),
    ("tie", r"in the event of a (?:tie|draw)|ends? in a (?:tie|draw)|all ties|tied|(?:co-|joint )winner|multiple joint|dead heat|joint recipients|shared between|split payout"),
    ("postponed", r"postponed|rescheduled|delayed|suspended"),
    ("void", r"cancell?ed|abandoned|no (?:winner|contest)|not (?:been )?(?:completed|take place|declared|occur|held)|is not completed|walkover|retire|forfeit|does not occur|fair price|last (?:traded|fair) price|50-50|50/50|resolves? (?:to )?\"?other|isn't known|(?:not|aren't) known|no .{0,30}(?:is|are) (?:announced|declared|released|made)|no nominee|never .{0,20}announced"),
    ("eliminated", r"impossible|eliminated|not announced as a finalist|no longer (?:eligible|in contention)|they are (?:mathematically )?eliminated|withdraw|disqualif"),
    ("source", r"resolution source|resolve (?:solely )?based (?:solely )?on|credible reporting|official (?:information|results|website)|source agenc|will be determined based on|statistics published|as reported by|information from|published at|verified|ambiguity"),
    ("overtime", r"overtime|extra time|penalty shootout|penalties|stoppage|extra innings|shootout|final score includ"),
    ("early", r"may (?:resolve|close|immediately)|will remain open|close early|close and expire|may close|resolve (?:immediately|as soon)|settle early|will resolve once|will expire"),
    ("schedule", r"(?:is|are|was) (?:currently )?(?:scheduled|expected|set) (?:to|for)|scheduled for|takes place|begins? on|will be held|in the upcoming"),
    ("exclusive", r"mutually exclusive|^therefore, if the|only one (?:bucket|outcome)|may be added|will be added|no additional"),
    ("according", r"(?:will resolve|resolves) (?:based on|according to|to the|in accordance)|refers? (?:on|to) the|pertains to"),
    ("scope", r"second round|run-?offs?|play-in|one of the 16 spots|any replacement|regular season|singles|two-round|advance to a runoff|general election|inclusive of|must earn|nominee of the party"),
    ("measure", r"considered to be [\d.]+ ?bps|target federal funds|federal open market committee|basis points the|level and change of the"),
    ("rounding", r"rounded|nearest|falls exactly between|precision|whole degree"),
)  # fmt: skip
_READ = tuple((name, re.compile(pattern, re.I)) for name, pattern in READ)
_TURNED = re.compile(r"\bunless\b|\bnot the case\b|\bexcept (?:if|when|where)\b", re.I)
_DEFINES = re.compile(
    r"for the purposes? of this|means? |refers? to|defined as|constitute|will (?:not )?(?:count|qualify|be considered)|does not (?:count|qualify)|only .{0,60}(?:count|qualify|considered)|to be clear|for example|note",
    re.I,
)
_SETTLES: tuple[tuple[str, str], ...] = (
    ("half", r"50-50|50/50|\$?0\.50|fifty-fifty"), ("fair", r"fair price|last (?:traded|fair) price|fair market"),
    ("other", r"resolves? (?:to )?\"?other"), ("open", r"remain open"), ("refund", r"refund|void"),
    ("no", r"resolve (?:immediately )?(?:to )?\"?no\b|resolves? to no"),
)  # fmt: skip
_SETTLE = tuple((name, re.compile(pattern, re.I)) for name, pattern in _SETTLES)
_UNFILLED: tuple[tuple[str, str], ...] = (
    ("an unfilled field", r"\|\||<(?:date|count|value|name|team|number|strike)[^>]*>|\{\{?\w+\}?\}|\[(?:date|count|value|name|team|number|strike|insert)[^\]]*\]|\bTBD\b|\bXX+\b"),
    ("a threshold without its number", r"\b(?:above|below|at least|more than|less than|greater than|exactly|between) ?(?:,|\.(?!\d)|$| then\b)"),
    ("a template's heading", r"\bcount ?/ ?date\b|\babove/below\b|\bplaceholder\b|\blorem ipsum\b"),
    ("every outcome pays", r"all (?:outcomes|markets) (?:will )?resolves? to \"?yes"),
)  # fmt: skip
_FAULTS = tuple((name, re.compile(pattern, re.I)) for name, pattern in _UNFILLED)


class Clause(msgspec.Struct, frozen=True):
    """A sentence, the kind of clause it is, and how it settles; `unread` when it fits none."""

    kind: str
    text: str
    settles: str = ""


def clauses(side: Side) -> tuple[Clause, ...]:
    """Every sentence of a side's rules as a clause, in order."""
    said = (*sentences(side.rules), *sentences(side.more_rules))
    return tuple(_clause(sentence) for sentence in said if len(sentence) > 3)


@lru_cache(maxsize=65_536)
def _clause(sentence: str) -> Clause:
    return Clause(_kind(sentence), sentence, _settles(sentence))


def _kind(sentence: str) -> str:
    if _TURNED.search(sentence):
        return "unread"
    for name, pattern in _READ:
        if pattern.search(sentence):
            return name
    return "definition" if _DEFINES.search(sentence) else "unread"


def _settles(sentence: str) -> str:
    return next((name for name, pattern in _SETTLE if pattern.search(sentence)), "")


def faults(side: Side) -> tuple[tuple[str, str], ...]:
    """What is wrong with a side's texts: its name and the words; empty when nothing is."""
    said = (*sentences(side.rules), *sentences(side.more_rules), plain(side.title))
    return tuple(fault for sentence in said for fault in _faults_in(sentence))


@lru_cache(maxsize=65_536)
def _faults_in(sentence: str) -> tuple[tuple[str, str], ...]:
    found = []
    for name, pattern in _FAULTS:
        match = pattern.search(sentence)
        if match is not None:
            found.append((name, sentence[max(0, match.start() - 40) : match.end() + 20]))
    return tuple(found)


def unread(found: tuple[Clause, ...]) -> tuple[str, ...]:
    """Sentences that could not be read, and definitions, whose effect is not understood."""
    return tuple(clause.text for clause in found if clause.kind in ("unread", "definition"))
