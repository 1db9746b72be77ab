"""A secret shows itself to nobody but who asks for it."""

import copy
import json
import pickle

import msgspec
import pytest

from feeds.venues.secret import HIDDEN, Secret

WORD = "correct horse"


@pytest.mark.parametrize("show", [str, repr, lambda s: f"{s}", lambda s: f"{s!r:>20}"])
def test_no_text_of_it_shows_the_value(show: object) -> None:
    assert callable(show)
    assert WORD not in show(Secret(WORD))
    assert HIDDEN in show(Secret(WORD))


@pytest.mark.parametrize(
    "put", [pickle.dumps, copy.deepcopy, msgspec.json.encode, msgspec.msgpack.encode, json.dumps]
)
def test_it_cannot_be_stored_sent_or_copied(put: object) -> None:
    assert callable(put)
    with pytest.raises(TypeError) as refused:
        put(Secret(WORD))
    assert WORD not in str(refused.value)


def test_only_reveal_gives_it() -> None:
    assert Secret(WORD).reveal() == WORD
    assert not hasattr(Secret(WORD), "__dict__")


def test_equal_secrets_are_equal_and_cannot_be_keys() -> None:
    assert Secret(WORD) == Secret(WORD)
    assert Secret(b"a") == Secret(b"a")
    assert Secret(b"a") != Secret("a")
    assert Secret((1, 2)) == Secret((1, 2))
    assert Secret(WORD) != WORD
    with pytest.raises(TypeError):
        hash(Secret(WORD))


def test_it_is_true_when_there_is_something() -> None:
    assert Secret(WORD)
    assert not Secret("")
