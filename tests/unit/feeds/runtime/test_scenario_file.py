"""Scenarios as files: shipped ones are right, wrong ones are refused with the place."""

from pathlib import Path

import pytest

from feeds.runtime.scenario_file import read, shipped
from feeds.runtime.world import world
from feeds.sim.faults import ANY, Fault, TimedFault
from feeds.sim.scenario import KALSHI, Rates
from markets.terms.units import SECOND, Ns


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_scenario_can_be_read_by_its_name_and_has_a_title(name: str) -> None:
    told = read(name)
    assert told.title
    assert all(timed.after >= 0 for timed in told.faults())


def test_there_is_a_calm_one_and_a_bad_one() -> None:
    assert read("calm").faults() == ()
    assert len(read("hurried").faults()) >= 6


def test_a_file_says_the_world_and_its_faults(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'seed = 3\nmoves = 9\nrest_seconds = 20\n[[fault]]\nat = "01:02:03"\nvenue = "kalshi"\n'
        'kind = "slow"\nms = 300\nseconds = 1.5\n[[fault]]\nat = "00:00:01"\nkind = "gap"\n'
    )
    told = read(str(path))
    assert (told.seed, told.pairs) == (3, None)
    assert told.rates(130) == Rates(9, Rates().trades_per_mille, Ns(20 * SECOND))
    assert told.faults() == (
        TimedFault(Ns(3_723 * SECOND), "kalshi", Fault("slow", Ns(1_500_000_000), {"ms": 300})),
        TimedFault(Ns(SECOND), ANY, Fault("gap")),
    )


def test_a_pair_stands_for_its_market_at_each_venue(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        '[[fault]]\nat = "00:00:01"\nkind = "close"\npair = 2\n'
        '[[fault]]\nat = "00:00:02"\nkind = "close"\nvenue = "polymarket"\npair = 1\n'
    )
    listed = world(Ns(10**18), pairs=2).listed
    ours = [one for one in listed if one.venue == KALSHI and one.twin]
    said = [(t.venue, t.fault.args["market"]) for t in read(str(path)).faults(listed)]
    assert said == [
        ("kalshi", ours[1].native),
        ("polymarket", ours[1].twin),
        ("polymarket", ours[0].twin),
    ]
    with pytest.raises(ValueError, match="fault 1: there are 1 pairs, no pair 2"):
        read(str(path)).faults(world(Ns(10**18), pairs=1).listed)


def test_what_a_file_leaves_out_is_as_without_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("")
    assert read(str(path)).rates(77) == Rates(77)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seeds = 3", "unknown field `seeds`"),
        ('seed = "x"', "Expected `int"),
        ("seed = ", "mine.toml"),
        ('[[fault]]\nkind = "gap"', "fault 1: at must be a time like"),
        (
            '[[fault]]\nat = "00:00:01"\nkind = "close"\npair = "x"',
            "fault 1: pair must be a number",
        ),
        ('[[fault]]\nat = "1:2"\nkind = "gap"', "fault 1: at must be a time"),
        ('[[fault]]\nat = "00:00:01"\nkind = "fire"', "fault 1: there is no fault 'fire'"),
        (
            '[[fault]]\nat = "00:00:01"\nkind = "gap"\nseconds = "x"',
            "fault 1: gap: seconds must be a number",
        ),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_the_place(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=said):
        read(str(path))


def test_a_file_that_is_not_there_is_said_with_what_there_is() -> None:
    with pytest.raises(ValueError, match="name a file, or one of calm, hurried"):
        read("nowhere")


def test_a_pair_that_is_turned_round_settles_the_other_way_at_the_second_venue(
    tmp_path: Path,
) -> None:
    path = tmp_path / "mine.toml"
    listed = world(Ns(10**18), pairs=30).listed
    firsts = [one for one in listed if one.venue == KALSHI and one.twin]
    number = next(n for n, one in enumerate(firsts, 1) if one.inverse)
    path.write_text(
        f'[[fault]]\nat = "00:00:01"\nkind = "settle"\npair = {number}\npays = 1000000\n'
    )
    said = [t.fault.args["pays"] for t in read(str(path)).faults(listed)]
    assert said == [1_000_000, 0]
