"""Tests of the readers of the environment."""

from pathlib import Path

import pytest

from arbsite import env
from arbsite.env import EnvironmentProblem


@pytest.mark.parametrize("word", ["1", "true", "YES", " on "])
def test_a_flag_reads_words_for_yes(word: str) -> None:
    assert env.flag("LIVE", environ={"LIVE": word}) is True


@pytest.mark.parametrize("word", ["0", "False", "no", "off"])
def test_a_flag_reads_words_for_no(word: str) -> None:
    assert env.flag("LIVE", default=True, environ={"LIVE": word}) is False


def test_an_empty_flag_counts_as_not_given() -> None:
    assert env.flag("LIVE", default=True, environ={"LIVE": " "}) is True


def test_a_flag_that_is_neither_is_refused_in_one_sentence() -> None:
    with pytest.raises(
        EnvironmentProblem, match=r"^LIVE is 'maybe'; write 1 for yes or 0 for no\.$"
    ):
        env.flag("LIVE", environ={"LIVE": "maybe"})


def test_a_text_without_value_or_default_is_refused() -> None:
    with pytest.raises(EnvironmentProblem, match="NAME is not set"):
        env.text("NAME", environ={})


@pytest.mark.parametrize("value", ["1", "65535"])
def test_an_integer_may_be_either_bound(value: str) -> None:
    assert env.integer("PORT", 5, low=1, high=65_535, environ={"PORT": value}) == int(value)


@pytest.mark.parametrize("value", ["0", "65536", "ten", "1.5"])
def test_an_integer_outside_its_bounds_or_of_another_shape_is_refused(value: str) -> None:
    with pytest.raises(EnvironmentProblem, match="a whole number from 1 to 65535"):
        env.integer("PORT", 5, low=1, high=65_535, environ={"PORT": value})


def test_words_keep_their_order_and_lose_their_blanks() -> None:
    assert env.words("HOSTS", environ={"HOSTS": "b.example, a.example,,"}) == [
        "b.example",
        "a.example",
    ]


def test_a_secret_comes_from_the_file_its_variable_names(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hush\n", encoding="utf-8")

    assert env.secret("KEY", environ={"KEY_FILE": str(tmp_path / "key")}) == "hush"


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="both set; keep one"):
        env.secret("KEY", environ={"KEY": "a", "KEY_FILE": str(tmp_path / "key")})


def test_a_secret_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match=r"KEY_FILE names .*/absent, which cannot be read"):
        env.secret("KEY", environ={"KEY_FILE": str(tmp_path / "absent")})


def test_a_secret_file_that_is_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(" \n", encoding="utf-8")

    with pytest.raises(EnvironmentProblem, match="which is empty"):
        env.secret("KEY", environ={"KEY_FILE": str(tmp_path / "key")})


def test_a_database_address_becomes_settings() -> None:
    settings = env.database("postgresql://me:p%40ss@db.example:6432/arbs?sslmode=require")

    assert (settings["USER"], settings["PASSWORD"], settings["HOST"]) == (
        "me",
        "p@ss",
        "db.example",
    )
    assert (settings["PORT"], settings["NAME"]) == (6432, "arbs")
    assert settings["OPTIONS"] == {"sslmode": "require"}


@pytest.mark.parametrize("url", ["sqlite:///x.db", "postgresql://host:5432/", "nonsense", ""])
def test_an_address_that_is_not_of_a_postgresql_database_is_refused(url: str) -> None:
    with pytest.raises(EnvironmentProblem, match="DATABASE_URL is not a PostgreSQL address"):
        env.database(url)


def test_a_database_port_that_is_no_port_is_refused() -> None:
    with pytest.raises(EnvironmentProblem, match="a port that is not a number"):
        env.database("postgresql://host:99999/name")
