"""Statements and the books they are about."""

from feeds.recordings.compare import PATIENCE_FRAMES, Comparison, Standing
from feeds.venues.tape import Best, Changed, Said, Traded, Whole
from markets.terms.ids import MarketId
from markets.terms.units import MS, Ns, Px, Qty
from trading.engine.book import Ladders, Levels
from trading.engine.orders import Side

M = MarketId("v:M")
BIDS: Levels = ((Px(420_000), Qty(10)), (Px(410_000), Qty(5)))
ASKS: Levels = ((Px(450_000), Qty(7)),)
BUILT = Ladders(BIDS, ASKS)
TOP = Best(M, 0, Px(420_000), Px(450_000))
MIRRORED = Whole(M, 1, ((Px(550_000), Qty(7)),), ((Px(580_000), Qty(10)), (Px(590_000), Qty(5))))


class Scene:
    """A comparison over one live book, frame by frame."""

    def __init__(self, built: Ladders = BUILT, *, sampled: bool = False) -> None:
        self.standing = Standing(built)
        self.comparison = Comparison({M: self.standing}, sampled=sampled)
        self.at = Ns(0)

    def hear(self, *said: Said, after_ms: int = 1) -> "Scene":
        self.at = Ns(self.at + after_ms * MS)
        self.comparison.before(list(said), self.at)
        self.comparison.after(list(said), self.at)
        return self

    def counts(self) -> tuple[int, int, int, int]:
        tally = self.comparison.tally
        return (
            tally.compared_snapshots,
            tally.compared_bests,
            tally.compared_mirror,
            tally.mismatches,
        )


def test_a_snapshot_a_top_and_a_mirror_that_agree_are_counted() -> None:
    level = Changed(M, 1, Side.SELL, Px(590_000), Qty(5))
    gone = Changed(M, 1, Side.BUY, Px(100_000), Qty(0))
    bests = (TOP, Best(M, 1, Px(550_000), Px(580_000)))

    scene = Scene().hear(Whole(M, 0, BIDS, ASKS)).hear(*bests).hear(MIRRORED, level, gone)

    assert scene.counts() == (1, 2, 3, 0)


def test_what_is_not_live_is_not_compared() -> None:
    scene = Scene()
    scene.standing.state, scene.standing.reason = "suspect", "gap"
    scene.hear(Whole(M, 0, ASKS, ()), TOP, MIRRORED)
    assert scene.counts() == (0, 0, 0, 0)
    assert scene.comparison.is_empty()


def test_a_top_that_comes_true_a_frame_later_agrees() -> None:
    scene = Scene().hear(Best(M, 0, Px(430_000), Px(450_000)))
    scene.standing.ladders = Ladders(((Px(430_000), Qty(1)), *BIDS), ASKS)
    assert scene.hear(Traded(M, Qty(1))).counts() == (0, 1, 0, 0)


def test_a_top_that_does_not_come_true_in_time_is_a_mismatch() -> None:
    wrong = Best(M, 0, Px(430_000), Px(450_000))
    assert Scene().hear(wrong).hear(Traded(M, Qty(1)), after_ms=600).counts() == (0, 1, 0, 1)
    scene = Scene().hear(wrong)
    for _ in range(PATIENCE_FRAMES):
        scene.hear(Traded(M, Qty(1)))
    assert scene.counts() == (0, 1, 0, 1)
    scene = Scene().hear(wrong)
    scene.comparison.end()
    assert scene.counts() == (0, 1, 0, 1)


def test_a_book_given_up_for_its_top_is_a_mismatch_and_one_lost_otherwise_is_not() -> None:
    wrong = Best(M, 0, Px(430_000), Px(450_000))
    for reason, mismatches in (("top_disagrees", 1), ("gap: expected 1, got 3", 0)):
        scene = Scene().hear(wrong)
        scene.comparison.lost(M, reason)
        scene.comparison.end()
        assert scene.counts()[3] == mismatches


def test_of_several_tops_of_one_token_in_a_frame_the_last_one_counts() -> None:
    early = Best(M, 0, Px(400_000), Px(450_000))
    assert Scene().hear(early, TOP).counts() == (0, 1, 0, 0)


def test_a_snapshot_that_differs_below_the_top_is_a_mismatch_even_after_a_trade() -> None:
    other = ((Px(420_000), Qty(10)), (Px(410_000), Qty(4)))
    scene = Scene().hear(Traded(M, Qty(9))).hear(Whole(M, 0, other, ASKS))
    scene.comparison.end()
    assert scene.counts() == (1, 0, 0, 1)
    assert scene.comparison.named[0].kind == "snapshot"


def test_a_snapshot_may_be_without_what_a_trade_took() -> None:
    after = ((Px(410_000), Qty(3)),)
    for printed, traded in ((12, 1), (11, 0)):
        scene = Scene().hear(Whole(M, 0, after, ASKS)).hear(Traded(M, Qty(printed)))
        scene.comparison.end()
        assert (scene.comparison.tally.traded, scene.counts()[3]) == (traded, 1 - traded)


def test_a_snapshot_may_hold_a_change_that_is_said_after_it() -> None:
    grown = ((Px(420_000), Qty(10)), (Px(410_000), Qty(6)))
    scene = Scene().hear(Whole(M, 0, grown, ASKS))
    scene.standing.ladders = Ladders(grown, ASKS)
    scene.hear(Changed(M, 1, Side.SELL, Px(590_000), Qty(6)))
    scene.comparison.end()
    assert scene.counts() == (1, 0, 1, 0)


def test_an_emptied_book_is_cleared_and_samples_are_not_compared() -> None:
    scene = Scene().hear(Whole(M, 0, (), ()))
    assert scene.comparison.tally.cleared == 1
    assert scene.counts() == (0, 0, 0, 0)
    assert Scene(sampled=True).hear(Whole(M, 0, ASKS, ())).counts() == (0, 0, 0, 0)
