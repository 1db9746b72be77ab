"""A person's approval of a pair, the same for every door: page, admin, API and console.

Whoever approves says which of the clauses that may settle apart they have read in both texts, or
`all` of them. What the rules confirm without a person goes through `pairing.confirm_by_rule`.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from markets import pairing
from markets.models import ConfigRevision
from markets.pair_view import require_read


@transaction.atomic
def confirm_pair(
    slug: str, chosen: Sequence[int], author: str, reason: str, read: Sequence[str] = ()
) -> ConfigRevision:
    """The revision with which a person lets the chosen packages of a pair trade.

    Errors: `ValidationError` naming what was not read, and those of `pairing.confirm_by_rule`.
    """
    made = pairing.confirm_by_rule(slug, chosen, author, reason)
    require_read(slug, read)  # a refusal takes the whole back
    return made
