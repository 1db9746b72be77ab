"""Which address is used after failures."""

import pytest

from feeds.runtime.hosts import FAILURES, WITHIN, Hosts
from markets.terms.units import SECOND, Ns


def test_the_first_address_is_used_until_five_failures() -> None:
    hosts = Hosts(("a", "b"))

    for number in range(FAILURES - 1):
        hosts.failed(Ns(number * SECOND))

    assert hosts.url == "a"
    hosts.failed(Ns(5 * SECOND))
    assert hosts.url == "b"


def test_failures_far_apart_change_nothing() -> None:
    hosts = Hosts(("a", "b"))

    for number in range(20):
        hosts.failed(Ns(number * WITHIN // 3))

    assert hosts.url == "a"


def test_after_the_last_address_comes_the_first() -> None:
    hosts = Hosts(("a", "b"))

    for _ in range(2 * FAILURES):
        hosts.failed(Ns(0))

    assert hosts.url == "a"


def test_no_address_is_an_error_of_ours() -> None:
    with pytest.raises(ValueError, match="at least one address"):
        Hosts(())
