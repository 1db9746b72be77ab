"""The page of opportunities: lives, decisions, filters, the file."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from tests.web import live_site
from trading.models import Decision, EdgeSample

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("servers")]


@pytest.fixture
def reader(servers: object) -> Client:
    live_site.clear()
    client = Client()
    client.force_login(get_user_model().objects.create_user("alice"))
    return client


def sample(seq: int, net: int, gate: str = "min_edge", relation: str = "rain") -> None:
    at = timezone.now() - timedelta(seconds=100 - seq)
    EdgeSample.objects.create(
        seq=seq,
        relation=relation,
        at=at,
        package=0,
        net=net,
        cost=950_000,
        qty=10_000_000,
        profit=net * 10,
        gate=gate,
        limit=25_000,
        actual=net,
    )


def refusal(seq: int, actual: int, gate: str = "min_edge", **more: Any) -> None:
    Decision.objects.create(
        seq=seq,
        relation="rain",
        at=timezone.now(),
        package=0,
        verdict="refused",
        gate=gate,
        limit=25_000,
        actual=actual,
        unit="¢",
        **more,
    )


def text_of(client: Client, query: str = "") -> str:
    answer = client.get(f"/opportunities/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_life_shows_its_first_gate_and_what_was_forgone(reader: Client) -> None:
    sample(1, 13_000)
    sample(12, -1_000)
    text = text_of(reader)
    assert "seen <b>1</b> · taken <b>0</b> · not taken <b>1</b>" in text
    assert "11.0s" in text
    assert "forgone, if filled at 200 ms <b>$0.13</b>" in text


def test_an_open_row_tells_how_it_changed_and_what_was_decided(reader: Client) -> None:
    sample(1, 13_000)
    began = int(EdgeSample.objects.get().at.timestamp() * 1_000_000) * 1_000
    refusal(2, 13_000)
    text = text_of(reader, f"?open=rain@{began}")
    assert "How it changed" in text
    assert "1.30¢ &lt; 2.50¢" in text


def test_filters_choose_by_gate_outcome_and_words(reader: Client) -> None:
    sample(1, 13_000)
    sample(2, 24_000, relation="sun")
    sample(3, 9_000, gate="skew", relation="snow")
    assert text_of(reader).count("data-go=") == 3
    assert text_of(reader, "?gate=skew").count("data-go=") == 1
    assert text_of(reader, "?outcome=near").count("data-go=") == 1
    assert text_of(reader, "?q=SUN").count("data-go=") == 1
    assert "Nothing matches" in text_of(reader, "?q=hail")


def test_decisions_have_the_same_filters_and_older_pages(reader: Client) -> None:
    refusal(1, 24_000)
    refusal(2, 3_000)
    refusal(3, 3_000, gate="skew")
    assert text_of(reader, "?tab=decisions").count("data-go=") == 3
    assert text_of(reader, "?tab=decisions&outcome=near").count("data-go=") == 1
    assert text_of(reader, "?tab=decisions&gate=skew").count("data-go=") == 1
    for seq in range(10, 80):
        refusal(seq, 1_000)
    assert "cursor=" in text_of(reader, "?tab=decisions")
    assert text_of(reader, "?tab=decisions&cursor=nonsense")


def test_an_empty_day_says_what_to_expect(reader: Client) -> None:
    assert "Nothing seen today" in text_of(reader)
    assert "No decisions" in text_of(reader, "?tab=decisions")


@pytest.mark.parametrize(
    "query", ["?tab=x&period=y&outcome=z", "?open=x", "?q=%00", "?gate=" + "g" * 99]
)
def test_words_that_mean_nothing_are_left_out(reader: Client, query: str) -> None:
    text_of(reader, query)


def test_the_file_has_the_rows_of_the_filter(reader: Client) -> None:
    refusal(1, 24_000, reason="=cmd()")
    refusal(2, 3_000, gate="skew")
    answer = reader.get("/opportunities.csv?gate=min_edge")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert [(r["seq"], r["reason"]) for r in rows] == [("1", "'=cmd()")]
