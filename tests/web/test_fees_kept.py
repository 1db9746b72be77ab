"""What the site keeps of fees and friction: every schedule ever listed, every version of a pack."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from msgspec.structs import replace

from markets import selectors, services
from markets.discovery.catalog import Listing
from markets.models import ConfigRevision, FrictionPack
from markets.terms.fees import revision_of, stamped
from markets.terms.fees_kalshi import schedule
from markets.terms.friction import hash_of
from markets.terms.units import MICRO
from tests.listings import AUTHOR, confirmed, listing, two_venues

pytestmark = pytest.mark.django_db
HALF, WHOLE = (stamped(schedule("quadratic", ppm)) for ppm in (MICRO // 2, MICRO))


def listed(fees: object, **changes: object) -> Listing:
    one = listing("kalshi", "RAIN")
    return replace(one, market=replace(one.market, fees=fees), **changes)


def test_a_schedule_is_kept_when_it_is_first_seen_and_whenever_it_changes() -> None:
    two_venues()
    for fees in (HALF, HALF, WHOLE, HALF):
        services.apply_catalogue("kalshi", [listed(fees)])

    found = selectors.fee_history("kalshi:RAIN")

    assert [row.rev for row in found] == [HALF.rev, WHOLE.rev, HALF.rev]
    assert [row.schedule for row in found] == [HALF, WHOLE, HALF]


def test_a_change_of_anything_else_keeps_no_schedule() -> None:
    two_venues()
    services.apply_catalogue("kalshi", [listed(HALF)])
    services.apply_catalogue("kalshi", [listed(HALF, rules="Another text.")])

    assert len(selectors.fee_history("kalshi:RAIN")) == 1


def test_a_new_fee_of_a_market_in_use_leaves_a_revision() -> None:
    confirmed()
    before = selectors.last_revision_number()

    diff = services.apply_catalogue("kalshi", [listed(WHOLE)])

    assert diff.revision is not None
    assert diff.revision > before
    assert selectors.fee_history("kalshi:RAIN")[0].rev == revision_of(WHOLE)


def test_each_change_of_a_friction_pack_is_a_version_with_a_name_and_a_revision() -> None:
    two_venues()
    first = services.set_friction("chain", AUTHOR, "first", venue_id="polymarket", gas=20_000)
    named = FrictionPack.objects.get().hash
    again = services.set_friction("chain", AUTHOR, "same", gas=20_000)
    second = services.set_friction("chain", AUTHOR, "dearer", gas=30_000)

    row = FrictionPack.objects.get()
    assert first is not None
    assert second is not None
    assert again is None
    assert (row.version, row.gas) == (2, 30_000)
    assert row.hash == hash_of(selectors.friction_terms(row)) != named
    assert second.changes == [
        {
            "object": "friction pack",
            "key": "chain",
            "field": "gas",
            "before": 20_000,
            "after": 30_000,
        }
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tax": 1}, "has no tax"),
        ({"fx": -1}, "fx of chain lies outside 0 to \\$1"),
        ({"gas": 100_000_001}, "gas of chain lies outside 0 to \\$100"),
    ],
)
def test_a_pack_no_deal_could_bear_is_refused(fields: dict[str, int], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        services.set_friction("chain", AUTHOR, "try", **fields)

    assert not FrictionPack.objects.exists()


def test_a_pack_is_typed_in_dollars_and_cents_with_a_reason(client: Client) -> None:
    client.force_login(get_user_model().objects.create_superuser("operator", password="x"))
    two_venues()
    typed = {
        "name": "chain",
        "venue": "polymarket",
        "gas": "0.02",
        "bridge": "0.03",
        "active": "on",
    }
    typed |= {"on_ramp": "0", "withdrawal": "0.5", "fx": "0", "reason": "read on the bridge's page"}

    added = client.post(reverse("admin:markets_frictionpack_add"), typed)

    row = FrictionPack.objects.get()
    assert added.status_code == 302
    assert (row.gas, row.bridge, row.withdrawal, row.version) == (20_000, 300, 5_000, 1)
    assert ConfigRevision.objects.first().reason == "read on the bridge's page"  # type: ignore[union-attr]

    url = reverse("admin:markets_frictionpack_change", args=(row.pk,))
    refused = client.post(url, {**typed, "fx": "101"})
    assert "lies outside 0 to $1" in str(refused.context["adminform"].form.errors)
    assert client.post(url, {**typed, "gas": "0.05"}).status_code == 302
    row.refresh_from_db()
    assert (row.gas, row.version, row.hash) == (50_000, 2, hash_of(selectors.friction_terms(row)))
