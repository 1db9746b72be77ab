"""What the services save, and what they refuse in a sentence."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils import timezone

from markets import selectors, services
from markets.models import ConfigRevision, Market, Relation, RuleText
from markets.terms.instruments import Market as Terms
from risk import selectors as risk
from risk import services as limits
from tests.listings import AUTHOR, candidate, confirmed, listing, two_venues
from trading import services as trading
from trading.models import ApiToken, Command

pytestmark = pytest.mark.django_db


def test_a_catalogue_applied_twice_changes_nothing_the_second_time() -> None:
    two_venues()
    listings = [listing("kalshi", "A"), listing("kalshi", "B")]

    first = services.apply_catalogue("kalshi", listings)
    again = services.apply_catalogue("kalshi", listings)

    assert (first.added, first.unchanged) == (2, 0)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 2)
    assert again.revision is None
    assert RuleText.objects.count() == 2


def test_a_market_comes_back_as_the_terms_it_was_listed_with() -> None:
    two_venues()
    wanted = listing("kalshi", "A")
    services.apply_catalogue("kalshi", [wanted])

    found: tuple[Terms, ...] = selectors.market_terms(["kalshi:A"])

    assert found == (wanted.market,)


def test_a_confirmed_pair_whose_rules_change_is_suspended_with_a_revision() -> None:
    slug = confirmed()
    before = selectors.last_revision_number()

    diff = services.apply_catalogue(
        "kalshi", [listing("kalshi", "RAIN", rules="By another gauge.")]
    )

    row = Relation.objects.get(slug=slug)
    assert (row.status, diff.suspended) == ("suspended", (slug,))
    assert "kalshi:RAIN" in row.status_reason
    assert selectors.last_revision_number() > before
    assert RuleText.objects.filter(market_id="kalshi:RAIN").count() == 2


def test_white_space_alone_does_not_suspend_a_pair() -> None:
    slug = confirmed()
    rules = Market.objects.get(market_id="kalshi:RAIN").rules

    services.apply_catalogue("kalshi", [listing("kalshi", "RAIN", rules=f"  {rules}\n")])

    assert Relation.objects.get(slug=slug).status == "confirmed"


def test_changed_terms_of_a_market_in_use_leave_a_revision() -> None:
    confirmed()
    diff = services.apply_catalogue("kalshi", [listing("kalshi", "RAIN", title="Rain in Oslo?")])

    assert diff.revision is not None
    assert "kalshi" in ConfigRevision.objects.get(pk=diff.revision).reason


def test_a_listing_of_another_venue_is_refused() -> None:
    two_venues()
    with pytest.raises(ValidationError, match="polymarket:A is not one of venue kalshi"):
        services.apply_catalogue("kalshi", [listing("polymarket", "A")])


def test_a_pair_without_a_rule_text_cannot_be_confirmed() -> None:
    two_venues()
    pair = candidate(rules="")
    with pytest.raises(ValidationError, match="rule text of kalshi:RAIN is missing"):
        services.confirm_pair(pair.slug, [0], AUTHOR, "looks alike")
    assert Relation.objects.get(slug=pair.slug).status == "candidate"


def test_a_package_that_the_payoff_table_does_not_prove_cannot_be_confirmed() -> None:
    two_venues()
    pair = candidate()
    with pytest.raises(ValidationError, match=r"package 9 is not proven\. Choose among 0, 1, 2, 3"):
        services.confirm_pair(pair.slug, [0, 9], AUTHOR, "looks alike")
    with pytest.raises(ValidationError, match="no package is chosen"):
        services.confirm_pair(pair.slug, [], AUTHOR, "looks alike")


def test_a_table_that_proves_no_package_cannot_be_confirmed() -> None:
    two_venues()
    pair = candidate()
    pair.claims.update(pays=[[0, 0], [0, 0], [0, 0]])
    with pytest.raises(ValidationError, match="no package of its payoff table pays"):
        services.confirm_pair(pair.slug, [0], AUTHOR, "looks alike")


def test_a_pair_under_a_block_rule_cannot_be_confirmed() -> None:
    two_venues()
    pair = candidate()
    services.add_block_rule("category", "weather", AUTHOR, "no gauges")
    with pytest.raises(ValidationError, match="blocked by the rule for category weather"):
        services.confirm_pair(pair.slug, [0], AUTHOR, "looks alike")


def test_a_decision_without_a_reason_is_refused_and_nothing_is_saved() -> None:
    two_venues()
    pair = candidate()
    with pytest.raises(ValidationError, match="Give a reason"):
        services.confirm_pair(pair.slug, [0], AUTHOR, "  ")
    assert Relation.objects.get(slug=pair.slug).status == "candidate"


def test_the_same_two_markets_are_proposed_once() -> None:
    two_venues()
    first = candidate()
    facts = services.PairFacts("polymarket:RAIN", "kalshi:RAIN", title="Another name")
    assert services.propose_pair(facts, AUTHOR).pk == first.pk


def test_a_limit_out_of_bounds_is_refused_in_the_unit_people_read() -> None:
    limits.ensure_limits(AUTHOR, "first rows")
    with pytest.raises(ValidationError, match="min_net_edge may be 0 ¢ to 100 ¢, not 120 ¢"):
        limits.set_limits({"min_net_edge": 1_200_000}, AUTHOR, "try")


def test_limits_that_could_never_trade_are_refused_before_anything_is_saved() -> None:
    limits.ensure_limits(AUTHOR, "first rows")
    before = selectors.last_revision_number()
    with pytest.raises(ValidationError, match="min_net_edge is above max_edge"):
        limits.set_limits({"min_net_edge": 200_000}, AUTHOR, "try")
    assert risk.limits().min_net_edge == 25_000
    assert selectors.last_revision_number() == before


def test_a_limit_change_is_a_revision_with_both_values_and_can_be_reverted() -> None:
    limits.ensure_limits(AUTHOR, "first rows")
    made = limits.set_limits({"min_net_edge": 8_000, "open_deals": 8}, AUTHOR, "lower")
    assert made is not None
    assert made.changes == [
        {
            "object": "threshold",
            "key": "min_net_edge",
            "field": "value",
            "before": 25_000,
            "after": 8_000,
        }
    ]

    limits.revert(made.pk, AUTHOR)

    assert risk.limits().min_net_edge == 25_000


def test_a_change_that_was_changed_again_is_not_reverted() -> None:
    limits.ensure_limits(AUTHOR, "first rows")
    made = limits.set_limits({"min_net_edge": 8_000}, AUTHOR, "lower")
    limits.set_limits({"min_net_edge": 9_000}, AUTHOR, "a little higher")
    assert made is not None
    with pytest.raises(ValidationError, match="was changed again"):
        limits.revert(made.pk, AUTHOR)


def test_live_is_refused_where_the_machine_does_not_allow_it() -> None:
    with pytest.raises(ValidationError, match="Live trading is not allowed on this machine"):
        limits.set_engine("live", AUTHOR, "try")


def test_a_rate_tier_is_one_of_the_venues_own() -> None:
    two_venues()
    with pytest.raises(ValidationError, match="no rate tier 'gold'; there are: basic, advanced"):
        services.set_venue("kalshi", AUTHOR, "try", rate_tier="gold")
    assert services.set_venue("polymarket", AUTHOR, "as the doctor says", rate_tier="gold")


def test_a_venue_with_an_address_of_another_scheme_is_refused() -> None:
    two_venues()
    with pytest.raises(ValidationError, match="ws_url of kalshi is 'http://x'"):
        services.set_venue("kalshi", AUTHOR, "try", ws_url="http://x")


def test_the_same_key_asks_for_one_command_only() -> None:
    first = trading.ask("halt", "", AUTHOR, "odd prices", "key-1")
    again = trading.ask("halt", "", AUTHOR, "odd prices", "key-1")

    assert (first.is_new, again.is_new, first.id) == (True, False, again.id)
    assert Command.objects.count() == 1


def test_a_key_of_another_command_is_refused() -> None:
    trading.ask("halt", "", AUTHOR, "odd prices", "key-1")
    with pytest.raises(ValidationError, match="used for another command"):
        trading.ask("resume", "", AUTHOR, "fine again", "key-1")


@pytest.mark.parametrize(
    ("kind", "target", "reason", "sentence"),
    [
        ("dance", "", "why not", "There is no command 'dance'"),
        ("halt", "", " ", "Give a reason"),
        ("unwind", "", "too long", "Say which deal"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(
    kind: str, target: str, reason: str, sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        trading.ask(kind, target, AUTHOR, reason)


def test_a_revoked_token_bears_nothing() -> None:
    get_user_model().objects.create_user("alice")
    token = trading.make_token("alice", "read")
    bearer = trading.bearer(token)
    assert bearer is not None
    assert (bearer.username, bearer.scope) == ("alice", "read")

    ApiToken.objects.update(revoked_at=timezone.now())
    assert trading.bearer(token) is None
