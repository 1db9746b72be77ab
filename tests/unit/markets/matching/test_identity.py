"""Many pairs at once: what cannot be true together."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from markets.matching.identity import Joined, Place, clashes


def place(name: str, event: str = "") -> Place:
    """`k1` is market 1 at Kalshi, of event `e` unless said otherwise."""
    return Place(name, name[0], event or f"{name[0]}e")


def pair(first: str, second: str, *, inverse: bool = False, event: str = "") -> Joined:
    slug = f"{first}{'!' if inverse else '='}{second}"
    return Joined(slug, place(first, event), place(second), inverse)


@pytest.mark.parametrize(
    ("pairs", "slugs"),
    [
        ([pair("k1", "k2")], ["k1=k2"]),
        ([pair("k1", "p1"), pair("k2", "p1")], ["k2=p1"]),
        ([pair("k1", "p1", inverse=True), pair("k2", "p1", inverse=True)], ["k2!p1"]),
        ([pair("k1", "p1"), pair("k1", "p1", inverse=True)], ["k1!p1"]),
        ([pair("k1", "p1", inverse=True), pair("k1", "p1")], ["k1=p1"]),
        ([pair("k1", "p1"), pair("k1", "p1")], []),
        ([pair("k1", "p1"), pair("k2", "p1", inverse=True)], []),
        ([pair("k1", "p1"), pair("k2", "p1", inverse=True, event="other")], ["k2!p1"]),
        ([pair("k1", "p1"), pair("k2", "p2"), pair("k3", "p3")], []),
        ([pair("k1", "p1"), pair("x1", "p1"), pair("k2", "x1")], ["k2=x1"]),
        ([pair("k1", "p1"), pair("x1", "p1"), pair("k1", "x1", inverse=True)], ["k1!x1"]),
        ([pair("k1", "p1"), pair("k2", "x2", inverse=True), pair("x2", "p1")], []),
        ([pair("k1", "p1"), pair("k2", "x2"), pair("x2", "p1")], ["x2=p1"]),
    ],
)
def test_what_cannot_stand_beside_the_pairs_before_it(
    pairs: list[Joined], slugs: list[str]
) -> None:
    assert [clash.slug for clash in clashes(pairs)] == slugs


def test_a_clash_says_why_and_whether_a_listing_could_explain_it() -> None:
    (twice,) = clashes([pair("k1", "p1"), pair("k2", "p1")])
    assert (twice.impossible, twice.why) == (False, "It would make k2 and k1 of k one market.")
    (turned,) = clashes([pair("k1", "p1"), pair("k1", "p1", inverse=True)])
    assert turned.impossible
    assert "Other pairs say that k1 and p1 are one, this one that they are opposites" in turned.why
    (within,) = clashes([pair("k1", "k2")])
    (back,) = clashes([pair("k1", "p1", inverse=True), pair("k1", "p1")])
    assert "are opposites, this one that they are one" in back.why
    assert (within.impossible, within.why) == (True, "k1 and k2 are both at k.")


names = st.sampled_from(["k1", "k2", "k3", "p1", "p2", "p3", "x1", "x2"])


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first draw pays for a busy machine
@given(st.lists(st.tuples(names, names, st.booleans()), max_size=12))
def test_what_is_left_can_always_be_true(made: list[tuple[str, str, bool]]) -> None:
    pairs = [
        Joined(str(n), place(a), place(b), inverse)
        for n, (a, b, inverse) in enumerate(made)
        if a != b
    ]
    wrong = {clash.slug for clash in clashes(pairs)}
    kept = [one for one in pairs if one.slug not in wrong]

    assert clashes(kept) == ()
    for one in kept:
        for other in kept:
            if one.second == other.second and one.first.venue == other.first.venue:
                assert one.first == other.first or one.inverse != other.inverse
