from markets.matching.lexicon import HARD, OFFICES, PLAIN, STATEWIDE


def test_no_word_both_says_nothing_and_tells_stages_apart() -> None:
    assert not PLAIN & HARD


def test_posts_tell_markets_apart() -> None:
    assert OFFICES <= HARD
    assert STATEWIDE <= OFFICES
