"""Spoiled frames: nothing is raised, nothing unsound is believed, and nothing lasts.

`python -m tests.fuzz` does the same for as long as it is given, guided by coverage.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import event, given, settings, target
from hypothesis import strategies as st

from feeds.recordings.lines import Line
from feeds.recordings.player import Player
from feeds.venues import EARS, find
from feeds.venues.tape import Ear, Nature
from markets.terms.units import Ns
from tests import fuzz
from tests.contract.adapter_contract import say

SECONDS = 2.0


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=80))
def test_kalshi_survives_spoiled_frames(data: bytes) -> None:
    reasons = fuzz.run("kalshi", data)
    target(float(len(reasons)), label="kinds of faults")
    for reason in reasons:
        event(reason)


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=80))
def test_polymarket_survives_spoiled_frames(data: bytes) -> None:
    reasons = fuzz.run("polymarket", data)
    target(float(len(reasons)), label="kinds of faults")
    for reason in reasons:
        event(reason)


@settings(max_examples=100, deadline=None)
@given(venue=st.sampled_from(fuzz.VENUES), data=st.binary(max_size=80), text=st.text(max_size=60))
def test_a_spoiled_recording_is_read_to_its_end(venue: str, data: bytes, text: str) -> None:
    frames = [*fuzz.spoiled(fuzz.seeds(venue), fuzz.Choices(data)), text]
    ear: Ear = find(EARS, venue)(Nature())
    for is_out in (False, True):
        for frame in frames:
            ear.learn(ear.present(frame), is_out=is_out)
    player = Player(ear)
    for number, frame in enumerate(frames, start=1):
        direction = "out" if number % 7 == 0 else "in"
        player.play(Line(Ns(number), direction, frame, stamped=False))
    player.end()
    for standing in player.books.values():
        bids, asks = standing.ladders.bids, standing.ladders.asks
        assert not (bids and asks and bids[0][0] >= asks[0][0])


@pytest.mark.parametrize("venue", fuzz.VENUES)
def test_a_short_guided_run_finds_nothing(venue: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = fuzz.explore(venue, SECONDS, random.Random(1))  # noqa: S311

    failures = found.pop("failures")
    say(capsys, f"fuzz: {found}, {len(failures)} failures")
    assert not failures, failures[0][1]
    assert found["executions"] > 1
    assert found["lines"] > 100


@pytest.mark.parametrize("venue", fuzz.VENUES)
def test_a_run_is_the_same_every_time(venue: str) -> None:
    data = bytes(range(1, 60))

    assert fuzz.run(venue, data) == fuzz.run(venue, data) != ()
