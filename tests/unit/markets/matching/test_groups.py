import msgspec
import pytest

from markets.matching.groups import (
    Group,
    field_of,
    joined,
    ladder,
    nested,
    results,
    results_of,
)
from markets.matching.sides import Side
from markets.terms.ids import RelationId
from markets.terms.relations import LOST, WON, WorldKind, faults
from markets.terms.tables import NONE_OF_THESE, Subject
from tests.unit.markets.matching.sides_for_tests import kalshi, poly

SUBJECT = Subject(RelationId("r"), "a relation")


def launches(label: str, n: int) -> Side:
    return kalshi(
        f"KXLAUNCHES-26-{n}",
        "How many launches will Acme have in 2026?",
        f"If Acme has {label} launches in 2026, then the market resolves to Yes.",
        label=label,
    )


def runner(name: str, *, neg_risk: bool = True, augmented: bool = False) -> Side:
    title = f"Will {name} win the 2026 Ruritanian presidential election?"
    return poly(
        f"will-{name}-win".lower().replace(" ", "-"),
        title,
        "This market will resolve according to the candidate that wins this election.",
        label=name,
        neg_risk=neg_risk,
        augmented=augmented,
    )


def made(group: Group | str) -> Group:
    assert isinstance(group, Group), group
    assert faults(group.relation) == []
    return group


def test_a_higher_threshold_lies_within_a_lower_one_in_either_order() -> None:
    low, high = launches("more than 100", 100), launches("more than 150", 150)

    for pair in ((low, high), (high, low)):
        group = made(nested(SUBJECT, *pair))
        assert group.kind == "subset"
        assert group.relation.claims[0].market == "kalshi:KXLAUNCHES-26-150"
        assert group.relation.claims[0].pays == (WON, LOST, LOST)
        assert group.relation.claims[2].pays == (WON, WON, LOST)


def test_an_earlier_cut_off_lies_within_a_later_one() -> None:
    def leaves(day: str) -> Side:
        said = f"Jane Doe visits Iceland before {day}"
        return kalshi(f"KXV-{day}", f"Will {said}?", f"If {said}, then the market resolves to Yes.")

    group = made(nested(SUBJECT, leaves("Dec 1, 2026"), leaves("Jul 1, 2026")))

    assert group.relation.claims[0].market == "kalshi:KXV-Jul 1, 2026"
    assert group.why == "by 2026-07-01 00:00 lies within by 2026-12-01 00:00"


def test_markets_on_different_things_are_not_nested() -> None:
    other = kalshi(
        "KXO-1", "Other", "If Beta has more than 9 ships in 2026, then the market resolves to Yes."
    )

    assert isinstance(nested(SUBJECT, launches("more than 100", 100), other), str)


def test_a_ladder_of_brackets_without_a_gap_is_exhaustive() -> None:
    sides = [launches("less than 100", 1), launches("at least 100", 2)]

    group = made(ladder(SUBJECT, sides))

    assert group.exhaustive
    assert [w.name for w in group.relation.worlds] == ["below 100", "at least 100"]


def test_a_ladder_with_a_gap_is_not() -> None:
    sides = [launches("less than 100", 1), launches("more than 120", 2)]

    assert not made(ladder(SUBJECT, sides)).exhaustive


def test_a_ladder_refuses_a_market_without_a_number() -> None:
    assert "names no number" in str(ladder(SUBJECT, [launches("more than 1", 1), runner("A Doe")]))


def test_a_field_of_negative_risk_is_certified() -> None:
    group = made(field_of(SUBJECT, [runner("Ann Doe"), runner("Bob Roe")]))

    assert group.exhaustive
    assert [w.name for w in group.relation.worlds] == ["Ann Doe", "Bob Roe"]


@pytest.mark.parametrize(
    "last",
    [
        runner("Other"),
        runner("Person B"),
        runner("Bob Roe", augmented=True),
        runner("Bob Roe", neg_risk=False),
    ],
)
def test_a_placeholder_or_a_growing_list_leaves_a_world_in_which_all_lose(last: Side) -> None:
    first = runner("Ann Doe", neg_risk=last.neg_risk)

    group = made(field_of(SUBJECT, [first, last]))

    assert not group.exhaustive
    assert group.relation.worlds[-1].name == NONE_OF_THESE


def test_two_venues_markets_on_one_runner_share_its_row() -> None:
    there = kalshi(
        "KXRURPRES-26-ADOE",
        "Will Ann Doe win the 2026 Ruritanian presidential election?",
        "If Ann Doe wins the 2026 Ruritanian presidential election, then the market "
        "resolves to Yes.",
    )

    group = made(field_of(SUBJECT, [runner("Ann Doe"), runner("Bob Roe"), there]))

    pays = {str(claim.market): claim.pays for claim in group.relation.claims if claim.outcome == 0}
    assert pays["kalshi:KXRURPRES-26-ADOE"] == pays["polymarket:will-ann-doe-win"]


def soccer(side: str, title: str, **more: str) -> Side:
    return poly(
        f"epl-cry-lee-2026-03-14-{side}",
        title,
        'If so, this market will resolve to "Yes". If the game is canceled, this market will '
        "resolve 50-50.",
        event_title="Crystal Palace vs. Leeds United",
        **more,
    )


def test_home_draw_and_away_are_exclusive_and_exhaustive_with_the_void_as_tail() -> None:
    home, draw, away = (
        soccer("cry", "Will Crystal Palace win on 2026-03-14?"),
        soccer("draw", "Will Crystal Palace vs. Leeds United end in a draw?"),
        soccer("lee", "Will Leeds United win on 2026-03-14?"),
    )

    group = made(results(SUBJECT, home, draw, away))

    assert group.exhaustive
    decisive = [w for w in group.relation.worlds if w.kind is WorldKind.DECISIVE]
    firsts = [c for c in group.relation.claims if c.outcome == 0]
    for number in range(len(decisive)):
        assert [claim.pays[number] for claim in firsts].count(WON) == 1
    assert [w.kind for w in group.relation.worlds][-1] is WorldKind.TAIL
    assert isinstance(results(SUBJECT, home, draw, home), str)
    assert isinstance(results(SUBJECT, home, away, draw), str)


def test_three_markets_of_a_match_are_its_results_in_any_order() -> None:
    home, draw, away = (
        soccer("cry", "Will Crystal Palace win on 2026-03-14?"),
        soccer("draw", "Will Crystal Palace vs. Leeds United end in a draw?"),
        soccer("lee", "Will Leeds United win on 2026-03-14?"),
    )

    assert made(results_of(SUBJECT, [draw, away, home])).exhaustive
    for wrong in ([home, away], [home, away, away], [runner("A"), runner("B"), runner("C")]):
        assert "not the three results" in str(results_of(SUBJECT, wrong))


def test_results_that_a_level_end_gives_back_are_not_exhaustive() -> None:
    home, draw, away = (
        soccer("cry", "Will Crystal Palace win on 2026-03-14?"),
        soccer("draw", "Will Crystal Palace vs. Leeds United end in a draw?"),
        soccer("lee", "Will Leeds United win on 2026-03-14?"),
    )
    over = msgspec.structs.replace(
        away, rules=away.rules + " The result includes any extra time and penalty shootout."
    )
    short = msgspec.structs.replace(
        home, rules=home.rules + " Only regulation time counts, not including extra time."
    )
    returned = kalshi(
        "KXEPLGAME-26MAR14CRYLEE-LEE",
        "Crystal Palace vs Leeds United Winner?",
        "If Leeds United wins the Crystal Palace vs Leeds United game, then the market resolves to "
        "Yes. If the game ends in a tie, the market will resolve 50/50.",
    )

    assert "end at the same time" in str(results(SUBJECT, short, draw, over))
    assert "level end is not known to lose" in str(results_of(SUBJECT, [home, draw, returned]))


def there(name: str) -> Side:
    return kalshi(
        f"KXRURPRES-26-{name.upper().replace(' ', '')}",
        f"Will {name} win the 2026 Ruritanian presidential election?",
        f"If {name} wins the 2026 Ruritanian presidential election, then the market resolves to "
        "Yes.",
    )


def test_a_whole_field_takes_the_markets_elsewhere_that_sit_down_with_its_runners() -> None:
    base = [runner("Ann Doe"), runner("Bob Roe")]

    group = made(joined(SUBJECT, base, [there("Ann Doe")]))

    assert group.exhaustive
    assert len(group.relation.claims) == 6
    assert "No market elsewhere" in str(joined(SUBJECT, base, []))
    assert "adds a world" in str(joined(SUBJECT, base, [there("Cy Poe")]))
    assert "no runner that can be read" in str(joined(SUBJECT, base, [poly("x", "x")]))
    assert "needs two runners" in str(joined(SUBJECT, base[:1], [there("Ann Doe")]))


def test_a_field_without_a_certificate_is_not_joined_across_venues() -> None:
    base = [msgspec.structs.replace(runner(n), neg_risk=False) for n in ("Ann Doe", "Bob Roe")]

    assert "no certificate" in str(joined(SUBJECT, base, [there("Ann Doe")]))
