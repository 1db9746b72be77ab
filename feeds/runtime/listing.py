"""Walks a venue's catalogue over its hosts, page by page, in the order the catalogue asks for."""

from collections import deque
from collections.abc import AsyncIterator

from feeds.runtime.conversation import Fetcher
from feeds.venues.base import Catalogue
from markets.discovery.catalog import Listing


async def pages(catalogue: Catalogue, http: Fetcher) -> AsyncIterator[list[Listing]]:
    """The listings of each page, as pages come; stop iterating to stop asking.

    Errors: `VenueUnreachable`, and whatever the catalogue says of a page it cannot read.
    """
    waiting = deque(catalogue.first())
    while waiting:
        request = waiting.popleft()
        listings, more = catalogue.parse(request, await http.send(request))
        waiting.extend(more)
        yield listings
