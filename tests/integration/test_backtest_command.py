"""`manage.py backtest` over small recordings of our own."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.core.management import CommandError, call_command

from feeds.recordings.lines import Header, encode_header, encode_line, encode_terms
from markets.terms.instruments import Market
from markets.terms.units import DAY, MS, SECOND, Ns
from tests.builders import market

START = Ns(1_790_000_000 * SECOND)
YES, NO = "1" * 20, "2" * 20
PAIR = {"first": "kalshi:A", "second": "polymarket:0xm", "title": "Rain"}
KEYS = [
    "trades",
    "days",
    "pnl_net",
    "fees",
    "sharpe",
    "sharpe_ci",
    "hit_rate",
    "avg_entry_edge",
    "slippage_median",
    "max_drawdown",
    "refusals",
]


def listed(name: str, tokens: tuple[str, ...] = ()) -> Market:
    return msgspec.structs.replace(market(name, lot="0.01"), tokens=tokens)


class Tape:
    """A recording being written."""

    def __init__(self, path: Path, market: Market) -> None:
        self.path = path
        self.seq = 0
        self.lines = [encode_header(Header(venue=market.venue)), encode_terms(market)]

    def say(self, at: int, frame: Any) -> None:
        self.lines.append(encode_line(Ns(START + at), "in", json.dumps(frame)))

    def kalshi(self, at: int, bid: str, ask: str) -> None:
        """A whole book of one level a side, as a snapshot of a new connection."""
        self.seq += 1
        body = {
            "market_ticker": "A",
            "yes_dollars_fp": [[bid, "200.00"]],
            "no_dollars_fp": [[f"{1 - float(ask):.4f}", "200.00"]],
        }
        kind = {"type": "orderbook_snapshot", "sid": 1, "seq": self.seq}
        self.say(at, kind | {"msg": body})

    def polymarket(self, at: int, bid: str, ask: str) -> None:
        for token, low, high in (
            (YES, bid, ask),
            (NO, *(f"{1 - float(x):.2f}" for x in (ask, bid))),
        ):
            self.say(
                at,
                {
                    "event_type": "book",
                    "market": "0xm",
                    "asset_id": token,
                    "timestamp": str((START + at) // MS),
                    "bids": [{"price": low, "size": "200"}],
                    "asks": [{"price": high, "size": "200"}],
                },
            )

    def close(self) -> Path:
        self.path.write_bytes(b"\n".join(self.lines) + b"\n")
        return self.path


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.jsonl"
    path.write_text(json.dumps(PAIR))
    return path


def day(
    tmp_path: Path, *, asks: tuple[str, str] = ("0.42", "0.48"), seconds: int = 20
) -> list[Path]:
    """Two venues' books once a second: Yes at `asks[0]` at Kalshi, at `asks[1]` at Polymarket.

    No costs a dollar less the bid, which is one cent below the ask.
    """
    kalshi = Tape(tmp_path / "kalshi.jsonl", listed("kalshi:A"))
    other = Tape(tmp_path / "poly.jsonl", listed("polymarket:0xm", (YES, NO)))
    for second in range(seconds):
        at = second * SECOND
        kalshi.kalshi(at, f"{float(asks[0]) - 0.01:.4f}", f"{asks[0]}00")
        other.polymarket(at + 50 * MS, f"{float(asks[1]) - 0.01:.2f}", asks[1])
    return [kalshi.close(), other.close()]


def backtest(files: list[Path], *words: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("backtest", "--from", *map(str, files), *words, "--json", "-", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return found


def test_a_package_under_a_dollar_is_bought_and_its_worst_world_is_the_result(
    tmp_path: Path, pairs: Path
) -> None:
    # Yes at 42 and No at 53: 95 cents, with Kalshi's fee of 7 % of 0.42 x 0.58 a contract.
    found = backtest(day(tmp_path), "--pairs", str(pairs))
    assert list(found) == KEYS
    assert found["trades"] == 1
    assert found["days"] == 1
    assert float(found["pnl_net"]) > 0
    assert float(found["fees"]) > 0
    assert found["hit_rate"] == 1.0
    assert 0.02 < float(found["avg_entry_edge"]) < 0.05
    assert found["slippage_median"] == "0.000000"
    assert found["max_drawdown"] == "0.000000"
    assert found["sharpe"] is None
    assert found["sharpe_ci"] is None


def test_the_same_twice_is_the_same_and_goes_to_a_file(tmp_path: Path, pairs: Path) -> None:
    files = day(tmp_path)
    first = backtest(files, "--pairs", str(pairs))
    out = tmp_path / "out.json"
    words = ["--from", *map(str, files), "--pairs", str(pairs), "--json", str(out)]
    call_command("backtest", *words, stdout=io.StringIO())
    assert json.loads(out.read_text()) == first


def test_nothing_is_bought_at_a_dollar_and_the_gate_is_counted(tmp_path: Path, pairs: Path) -> None:
    found = backtest(day(tmp_path, asks=("0.47", "0.48")), "--pairs", str(pairs))
    assert (found["trades"], found["pnl_net"], found["hit_rate"]) == (0, "0.000000", None)
    thin = backtest(day(tmp_path, asks=("0.44", "0.48")), "--pairs", str(pairs))
    assert thin["trades"] == 0
    assert thin["refusals"] == {"min_edge": 1}


def test_a_limit_of_the_file_is_the_limit_of_the_run(tmp_path: Path, pairs: Path) -> None:
    config = tmp_path / "limits.yaml"
    config.write_text("limits:\n  min_net_edge: 8 ¢\n")
    found = backtest(day(tmp_path), "--pairs", str(pairs), "--config", str(config))
    assert found["trades"] == 0
    config.write_text("limits:\n  min_net_egde: 1\n")
    with pytest.raises(CommandError, match="did you mean min_net_edge"):
        backtest(day(tmp_path), "--pairs", str(pairs), "--config", str(config))


def test_days_are_counted_from_the_first_to_the_last_and_have_a_ratio(
    tmp_path: Path, pairs: Path
) -> None:
    kalshi = Tape(tmp_path / "kalshi.jsonl", listed("kalshi:A"))
    other = Tape(tmp_path / "poly.jsonl", listed("polymarket:0xm", (YES, NO)))
    for number in range(4):
        for second in range(5):
            at = number * DAY + second * SECOND
            kalshi.kalshi(at, "0.4100", "0.4200")
            other.polymarket(at + 50 * MS, "0.47", "0.48" if number else "0.49")
    config = tmp_path / "limits.env"
    wide = dict.fromkeys(("max_event_exposure", "per_contract_exposure"), "100000")
    wide |= dict.fromkeys(("max_contracts_market", "max_contracts_total"), "100000")
    config.write_text(json.dumps({"limits": wide}))
    words = ["--pairs", str(pairs), "--config", str(config)]
    found = backtest([kalshi.close(), other.close()], *words)
    assert found["days"] == 4
    assert found["trades"] == 2
    assert found["sharpe"] > 0
    assert found["sharpe_ci"][0] <= found["sharpe_ci"][1]


def test_bad_input_is_one_sentence(tmp_path: Path, pairs: Path) -> None:
    files = day(tmp_path)
    bare = tmp_path / "bare.jsonl"
    bare.write_text(
        '{"type": "orderbook_snapshot", "sid": 1, "seq": 1, "msg": '
        '{"market_ticker": "A", "yes_dollars_fp": [], "no_dollars_fp": []}}\n'
    )
    with pytest.raises(CommandError, match="its frames have no times"):
        backtest([bare, files[1]], "--pairs", str(pairs))
    with pytest.raises(CommandError, match="cannot be read"):
        backtest([tmp_path / "none.jsonl"], "--pairs", str(pairs))
    pairs.write_text('{"first": 1}')
    with pytest.raises(CommandError, match=r"pairs.jsonl line 1"):
        backtest(files, "--pairs", str(pairs))


def test_a_pair_that_was_not_recorded_leaves_nothing_to_do(
    tmp_path: Path, pairs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs.write_text(json.dumps(PAIR | {"first": "kalshi:B"}))
    with pytest.raises(SystemExit) as ended:
        backtest(day(tmp_path), "--pairs", str(pairs))
    assert ended.value.code == 3
    assert "left out" in capsys.readouterr().err
