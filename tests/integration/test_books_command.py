"""`manage.py books` over small recordings of our own, and over those beside the project."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests import tapes
from tests.contract.adapter_contract import say

SECOND = 1_000_000_000
YES, NO = "1" * 20, "2" * 20
KEYS = [
    "frames",
    "snapshots",
    "deltas",
    "trades",
    "gaps",
    "resyncs",
    "rejects",
    "compared_snapshots",
    "compared_bests",
    "compared_mirror",
    "mismatches",
]
LONG = 5_000


def snapshot(seq: int, yes: list[list[str]], no: list[list[str]], ticker: str = "A") -> Any:
    body = {"market_ticker": ticker, "yes_dollars_fp": yes, "no_dollars_fp": no}
    return {"type": "orderbook_snapshot", "sid": 1, "seq": seq, "msg": body}


def delta(seq: int, px: str, qty: str, side: str = "yes", ticker: str = "A") -> Any:
    body = {"market_ticker": ticker, "price_dollars": px, "delta_fp": qty, "side": side}
    return {"type": "orderbook_delta", "sid": 1, "seq": seq, "msg": body}


SUBSCRIBED = {"type": "subscribed", "id": 1, "msg": {"channel": "orderbook_delta", "sid": 1}}
FIRST = snapshot(1, [["0.4000", "10.00"]], [["0.5500", "5.00"]])
GROWN = delta(2, "0.4100", "2.50")
AGREES = snapshot(3, [["0.4000", "10.00"], ["0.4100", "2.50"]], [["0.5500", "5.00"]])


def book(token: str, bids: dict[str, str], asks: dict[str, str], ms: int = 1_000) -> Any:
    return {
        "event_type": "book",
        "market": "0xm",
        "asset_id": token,
        "timestamp": str(ms),
        "bids": [{"price": px, "size": qty} for px, qty in bids.items()],
        "asks": [{"price": px, "size": qty} for px, qty in asks.items()],
    }


def change(*elements: tuple[str, str, str, str, str, str], ms: int = 2_000) -> Any:
    names = ("asset_id", "price", "size", "side", "best_bid", "best_ask")
    parts = [
        dict(zip(names, one, strict=True)) | {"hash": f"{ms}{place}"}
        for place, one in enumerate(elements)
    ]
    return {
        "event_type": "price_change",
        "market": "0xm",
        "timestamp": str(ms),
        "price_changes": parts,
    }


BOTH = [book(YES, {"0.4": "10"}, {"0.45": "5"}), book(NO, {"0.55": "5"}, {"0.6": "10"})]


def tape(path: Path, frames: Iterable[Any], header: dict[str, Any] | None = None) -> Path:
    """Our own shape, a frame each second."""
    lines: list[dict[str, Any]] = [{"header": header}] if header is not None else []
    for number, frame in enumerate(frames, start=1):
        is_out = isinstance(frame, dict) and ("cmd" in frame or frame.get("type") == "market")
        text = frame if isinstance(frame, str) else json.dumps(frame)
        lines.append({"at": number * SECOND, "dir": "out" if is_out else "in", "frame": text})
    text = "".join(json.dumps(line) + "\n" for line in lines)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def run(venue: str, *args: object) -> tuple[int, dict[str, Any]]:
    out = io.StringIO()
    code = 0
    try:
        call_command("books", venue, *map(str, args), "--json", stdout=out)
    except SystemExit as left:
        code = int(left.code or 0)
    figures: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return code, figures


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_later_snapshot_that_agrees_is_a_yes(tmp_path: Path, name: str) -> None:
    code, figures = run("kalshi", tape(tmp_path / name, [SUBSCRIBED, FIRST, GROWN, AGREES]))

    assert code == 0
    assert list(figures)[: len(KEYS)] == KEYS
    assert [figures[key] for key in KEYS] == [4, 2, 1, 0, 0, 0, 0, 1, 0, 0, 0]


def test_a_later_snapshot_that_differs_is_a_no(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = snapshot(3, [["0.4000", "11.00"], ["0.4100", "2.50"]], [["0.5500", "5.00"]])

    code, figures = run("kalshi", tape(tmp_path / "a.jsonl", [SUBSCRIBED, FIRST, GROWN, other]))

    assert (code, figures["mismatches"], figures["compared_snapshots"]) == (1, 1, 1)
    assert "kalshi:A: snapshot: 1 levels differ" in capsys.readouterr().err


def test_nothing_to_compare_is_said_with_its_own_code(tmp_path: Path) -> None:
    code, figures = run("kalshi", tape(tmp_path / "a.jsonl", [SUBSCRIBED, FIRST, GROWN]))

    assert (code, figures["mismatches"]) == (3, 0)


def test_a_snapshot_that_empties_a_book_closes_it_and_is_no_disagreement(tmp_path: Path) -> None:
    code, figures = run("kalshi", tape(tmp_path / "a.jsonl", [FIRST, snapshot(2, [], [])]))

    assert (code, figures["cleared"], figures["mismatches"]) == (3, 1, 0)


def test_a_hole_is_a_gap_that_the_next_snapshot_ends(tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    frames = [SUBSCRIBED, FIRST, delta(4, "0.4100", "2.50"), snapshot(5, [["0.4", "1"]], [])]

    code, figures = run("kalshi", tape(tmp_path / "a.jsonl", frames), "--csv", table)

    assert (code, figures["gaps"], figures["resyncs"]) == (3, 1, 1)
    assert [row["state"] for row in rows(table)] == ["live", "suspect", "live"]


@pytest.mark.parametrize(
    ("header", "gaps"), [({"filtered": True}, 0), ({"filtered": False}, 1), (None, 0)]
)
def test_only_a_falling_number_is_a_gap_in_what_was_cut_out(
    tmp_path: Path, header: dict[str, Any] | None, gaps: int
) -> None:
    cut = [{**FIRST, "seq": 70}, {**GROWN, "seq": 90}, {**AGREES, "seq": 95}]

    _, figures = run("kalshi", tape(tmp_path / "a.jsonl", cut, header))
    _, fallen = run("kalshi", tape(tmp_path / "b.jsonl", [*cut, {**AGREES, "seq": 3}], header))

    assert figures["gaps"] == gaps + (header == {"filtered": False})
    assert fallen["gaps"] == figures["gaps"] + 1


def test_a_frame_said_twice_in_what_was_cut_out_counts_once(tmp_path: Path) -> None:
    frames = [FIRST, GROWN, GROWN, AGREES]

    code, figures = run("kalshi", tape(tmp_path / "a.jsonl", frames, {"filtered": True}))
    assert (code, figures["gaps"], figures["compared_snapshots"]) == (0, 0, 1)

    code, figures = run("kalshi", tape(tmp_path / "a.jsonl", frames, {}))
    assert (code, figures["gaps"], figures["compared_snapshots"]) == (3, 1, 0)


def test_frames_in_cents_and_whole_contracts_are_read_as_dollars(tmp_path: Path) -> None:
    sides = {"market_ticker": "A", "yes": [[40, 10]], "no": [[55, 5]]}
    change = {"market_ticker": "A", "price": 41, "delta": 3, "side": "yes"}
    between = {
        "market_ticker": "A",
        "yes_dollars": [["0.4000", 10], ["0.4100", 3]],
        "no": [[55, 5]],
    }
    frames = [
        {"type": "orderbook_snapshot", "sid": 1, "seq": 1, "msg": sides},
        {"type": "orderbook_delta", "sid": 1, "seq": 2, "msg": change},
        {"type": "orderbook_snapshot", "sid": 1, "seq": 3, "msg": between},
    ]
    table = tmp_path / "rows.csv"

    code, figures = run("kalshi", tape(tmp_path / "a.jsonl", frames), "--csv", table)

    assert (code, figures["rejects"], figures["compared_snapshots"]) == (0, 0, 1)
    assert list(rows(table)[1].values())[4:] == ["0.41", "3.00", "0.45", "5.00"]


def test_a_recording_of_another_venue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is of polymarket, not of kalshi") as refused:
        run("kalshi", tape(tmp_path / "a.jsonl", [FIRST], {"venue": "polymarket"}))
    assert refused.value.returncode == 2


def test_a_new_connection_makes_every_book_stale_until_its_snapshot(tmp_path: Path) -> None:
    sent = {"id": 1, "cmd": "subscribe", "params": {"channels": ["orderbook_delta"]}}
    table = tmp_path / "rows.csv"
    frames = [sent, SUBSCRIBED, FIRST, sent, SUBSCRIBED, snapshot(1, [["0.4", "1"]], [])]

    _, figures = run("kalshi", tape(tmp_path / "a.jsonl", frames), "--csv", table)

    assert (figures["gaps"], figures["resyncs"], figures["compared_snapshots"]) == (0, 1, 0)
    assert [row["state"] for row in rows(table)] == ["live", "stale", "live"]


def test_the_price_scale_is_the_one_asked_for_or_the_one_that_makes_sense(tmp_path: Path) -> None:
    sent = {
        "id": 1,
        "cmd": "subscribe",
        "params": {"channels": ["orderbook_delta"], "use_yes_price": True},
    }
    one = snapshot(1, [["0.47", "3"]], [["0.52", "1"]])
    two = snapshot(1, [["0.47", "3"]], [["0.52", "1"], ["0.60", "1"]])
    table = tmp_path / "rows.csv"

    for frames in ([sent, one], [two]):
        run("kalshi", tape(tmp_path / "a.jsonl", frames), "--csv", table)
        assert rows(table)[0]["ask_px"] == "0.52"


def test_a_table_has_a_row_at_each_change_of_what_it_shows(tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    deep = delta(3, "0.2000", "7.00")
    frames = [FIRST, GROWN, deep, delta(4, "0.4100", "-2.50"), snapshot(5, [], [])]
    path = tape(tmp_path / "a.jsonl", frames)

    run("kalshi", path, "--csv", table, "--levels", 2)

    found = [list(row.values()) for row in rows(table)]
    names = "at_ns,market,outcome,state,bid_px,bid_sz,ask_px,ask_sz,"
    assert table.read_text().startswith(names + "bid2_px,bid2_sz,ask2_px,ask2_sz\n")
    assert [row[0] for row in found] == [str(n * SECOND) for n in (1, 2, 4, 5)]
    assert found[1][1:] == [
        "A",
        "0",
        "live",
        "0.41",
        "2.50",
        "0.45",
        "5.00",
        "0.40",
        "10.00",
        "",
        "",
    ]
    assert found[-1][3:] == ["live", *[""] * 8]

    run("kalshi", path, "--csv", table)
    assert [row["bid_px"] for row in rows(table)] == ["0.40", "0.41", "0.40", ""]


def test_at_even_times_the_table_shows_the_books_as_they_were(tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    path = tape(tmp_path / "a.jsonl", [FIRST, GROWN, AGREES])

    run("kalshi", path, "--csv", table, "--every", "500ms")

    assert [(int(row["at_ns"]) / SECOND, row["bid_px"]) for row in rows(table)] == [
        (1.0, "0.40"),
        (1.5, "0.40"),
        (2.0, "0.41"),
        (2.5, "0.41"),
        (3.0, "0.41"),
    ]


def test_stated_tops_and_the_other_token_are_compared(tmp_path: Path) -> None:
    agrees = change(
        (YES, "0.41", "7", "BUY", "0.41", "0.45"), (NO, "0.59", "7", "SELL", "0.55", "0.59")
    )
    table = tmp_path / "rows.csv"

    code, figures = run("polymarket", tape(tmp_path / "a.jsonl", [BOTH, agrees]), "--csv", table)

    assert code == 0
    assert [figures[key] for key in KEYS] == [2, 2, 2, 0, 0, 0, 0, 0, 2, 2, 0]
    assert [(row["outcome"], row["bid_px"], row["ask_px"]) for row in rows(table)] == [
        ("0", "0.40", "0.45"),
        ("1", "0.55", "0.60"),
        ("0", "0.41", "0.45"),
        ("1", "0.55", "0.59"),
    ]


def test_a_lost_frame_shows_in_the_stated_tops_and_in_the_mirror(tmp_path: Path) -> None:
    wrong = change(
        (YES, "0.41", "7", "BUY", "0.42", "0.45"), (NO, "0.59", "8", "SELL", "0.55", "0.58")
    )
    quiet = change((YES, "0.2", "1", "BUY", "0.42", "0.45"), ms=3_000)

    code, figures = run("polymarket", tape(tmp_path / "a.jsonl", [BOTH, wrong, quiet]))

    assert code == 1
    assert figures["mismatches"] >= 2


def test_the_book_after_a_trade_may_differ_by_the_trade_alone(tmp_path: Path) -> None:
    trade = {
        "event_type": "last_trade_price",
        "market": "0xm",
        "asset_id": YES,
        "price": "0.45",
        "size": "3",
        "side": "BUY",
        "timestamp": "2000",
    }
    after = book(YES, {"0.4": "10"}, {"0.45": "2"}, ms=2_000)
    more = book(YES, {"0.4": "10"}, {"0.45": "1"}, ms=2_000)

    code, figures = run("polymarket", tape(tmp_path / "a.jsonl", [BOTH, trade, after]))
    assert (code, figures["traded"], figures["mismatches"]) == (0, 1, 0)

    code, figures = run("polymarket", tape(tmp_path / "a.jsonl", [BOTH, trade, more]))
    assert (code, figures["mismatches"]) == (1, 1)


def test_a_repeated_array_or_a_second_subscription_is_a_new_connection(tmp_path: Path) -> None:
    asked = {"type": "market", "assets_ids": [YES, NO]}
    moved = [book(YES, {"0.3": "1"}, {}, ms=9_000), book(NO, {}, {"0.7": "1"}, ms=9_000)]

    for frames in ([BOTH, moved], [asked, BOTH, asked, moved]):
        code, figures = run("polymarket", tape(tmp_path / "a.jsonl", frames))
        assert (code, figures["mismatches"], figures["resyncs"]) == (0, 0, 1)
        assert figures["compared_mirror"] == 2


def test_markets_are_chosen_by_id_or_token(tmp_path: Path) -> None:
    path = tape(tmp_path / "a.jsonl", [BOTH])
    table = tmp_path / "rows.csv"

    for wanted, outcomes in (("0xm", "01"), ("polymarket:0xm", "01"), (NO, "1")):
        run("polymarket", path, "--csv", table, "--market", wanted)
        assert "".join(row["outcome"] for row in rows(table)) == outcomes
    with pytest.raises(CommandError, match="does not speak of 0xother") as refused:
        run("polymarket", path, "--market", "0xother")
    assert refused.value.returncode == 2


def test_which_token_is_the_first_outcome_is_said_or_guessed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    announced = {"event_type": "market_resolved", "market": "0xm", "assets_ids": [NO, YES]}
    table = tmp_path / "rows.csv"

    run("polymarket", tape(tmp_path / "a.jsonl", [BOTH, announced]), "--csv", table)
    assert rows(table)[0]["bid_px"] == "0.55"
    assert "not described" not in capsys.readouterr().err

    run("polymarket", tape(tmp_path / "a.jsonl", [BOTH]), "--csv", table)
    assert rows(table)[0]["bid_px"] == "0.40"
    assert "comes first is outcome 0" in capsys.readouterr().err


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "torn.jsonl").write_bytes(b'{"at": 1, "dir": "in", "fra')
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "list.json").write_text("{}")
    for name in ("none.jsonl", "torn.jsonl", "other.csv", "list.json"):
        with pytest.raises(CommandError) as refused:
            run("kalshi", tmp_path / name)
        assert refused.value.returncode == 2
        assert str(refused.value).endswith(".")


@pytest.mark.parametrize("options", [["--every", "soon"], ["--levels", "0"]])
def test_a_bad_option_is_refused(tmp_path: Path, options: list[str]) -> None:
    with pytest.raises(CommandError) as refused:
        run("kalshi", tape(tmp_path / "a.jsonl", [FIRST]), *options)
    assert refused.value.returncode == 2


def test_frames_without_a_time_are_counted_by_line_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bare.jsonl"
    path.write_text("".join(json.dumps(frame) + "\n" for frame in (FIRST, GROWN, AGREES)))
    table = tmp_path / "rows.csv"

    code, _ = run("kalshi", path, "--csv", table)

    assert code == 0
    assert "3 frames have no time" in capsys.readouterr().err
    assert [row["at_ns"] for row in rows(table)] == ["1", "2"]
    with pytest.raises(CommandError, match="needs a recording with times"):
        run("kalshi", path, "--every", "1s")


def test_a_torn_line_in_the_middle_is_counted_and_the_rest_read(tmp_path: Path) -> None:
    path = tape(tmp_path / "a.jsonl", [FIRST, GROWN, AGREES])
    path.write_text(path.read_text() + '{"at": 9, "fr')

    code, figures = run("kalshi", path)

    assert (code, figures["reject_reasons"]) == (0, {"unreadable_line": 1})


@pytest.mark.skipif(not tapes.tapes(), reason="no recordings beside the project")
def test_every_recording_beside_the_project_agrees(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The longest ones are cut here; `python -m tests.tapes` reads them whole."""
    for venue, files in tapes.tapes():
        if files[0].name.endswith(".ndjson.gz") and "102030-30" not in files[0].name:
            short = tmp_path / files[0].name
            with gzip.open(files[0], "rb") as whole:
                short.write_bytes(gzip.compress(b"".join(whole.readlines()[:LONG])))
            files = (short,)
        code, figures = tapes.read(venue, files)
        say(capsys, f"{files[0].name}: exit {code}, {figures}")
        assert tapes.is_explained(files, figures)
        assert code in (0, 3)
