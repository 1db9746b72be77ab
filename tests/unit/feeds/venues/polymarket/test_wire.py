"""The structs of the wire."""

import msgspec

from feeds.venues.polymarket import wire


def test_every_frame_type_is_known_by_its_name() -> None:
    tags = {
        msgspec.inspect.type_info(kind).tag  # type: ignore[attr-defined]
        for kind in wire.Frame.__args__
    }
    assert tags == wire.KNOWN


def test_no_frame_is_watched_by_the_collector() -> None:
    assert not any(kind.__struct_config__.gc for kind in wire.Frame.__args__)
