"""Recorded files as a world: the venue is found, the files are read in order, bad ones refused."""

import json
from pathlib import Path

import pytest

from feeds.runtime.recorded_world import recorded_world
from feeds.runtime.recorder import RecordingProblem
from feeds.sim.scenario import KALSHI, POLYMARKET
from markets.terms.units import SECOND, Ns

START = Ns(10**18)


def tape(path: Path, ticker: str, *, header: bool, seq: int = 1) -> Path:
    body = {
        "market_ticker": ticker,
        "market_id": "m",
        "yes_dollars_fp": [["0.4000", "30.00"]],
        "no_dollars_fp": [["0.5500", "20.00"]],
    }
    frame = {"type": "orderbook_snapshot", "sid": 1, "seq": seq, "msg": body}
    lines: list[dict[str, object]] = [{"header": {"venue": "kalshi"}}] if header else []
    lines.append({"at": 10**18, "dir": "in", "frame": json.dumps(frame)})
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


@pytest.mark.parametrize("header", [True, False])
def test_the_venue_is_what_the_header_says_or_who_understands_the_frames(
    tmp_path: Path, header: bool
) -> None:
    world = recorded_world((tape(tmp_path / "a.jsonl", "KXA-1", header=header),), START)
    assert [one.venue for one in world.listed] == [KALSHI, POLYMARKET]
    moves = world.advance(START)
    assert [(m.venue, m.native) for m in moves] == [(KALSHI, "KXA-1")]


def test_files_are_one_recording_and_all_their_markets_are_listed(tmp_path: Path) -> None:
    files = tuple(
        tape(tmp_path / f"{name}.jsonl", f"KX{name}-1", header=False, seq=seq)
        for seq, name in enumerate("AB", 7)
    )
    world = recorded_world(files, START)
    assert [one.native for one in world.listed if one.venue == KALSHI] == ["KXA-1", "KXB-1"]
    moves = world.advance(START) + world.advance(Ns(START + 10 * SECOND))
    assert {m.native for m in moves if m.venue == KALSHI} == {"KXA-1", "KXB-1"}


def test_files_without_a_venues_frames_are_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"at": 1, "dir": "in", "frame": "hello"}\n')
    with pytest.raises(RecordingProblem, match="no venue's frames are in it"):
        recorded_world((path,), START)
    with pytest.raises(RecordingProblem, match="cannot be read"):
        recorded_world((tmp_path / "none.jsonl",), START)
