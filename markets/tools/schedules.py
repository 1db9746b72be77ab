"""The fee schedules a calculator offers, as the published tables give them."""

from datetime import date

from markets.terms.fees import NONE
from markets.terms.instruments import FeeSchedule
from markets.terms.published import Answer, Question, published

READ_ON = date(2026, 11, 20)

_ASKED: dict[str, tuple[str, Question | None]] = {
    "kalshi": ("Kalshi", Question("kalshi")),
    "kalshi-half": ("Kalshi, half fee", Question("kalshi", multiplier_ppm=500_000)),
    "kalshi-free": ("Kalshi, fee waived", Question("kalshi", multiplier_ppm=0)),
    "pm-sports": ("Polymarket, sports", Question("polymarket", category="sports")),
    "pm-crypto": ("Polymarket, crypto", Question("polymarket", category="crypto")),
    "pm-politics": ("Polymarket, politics", Question("polymarket", category="politics")),
    "pm-economics": ("Polymarket, economics", Question("polymarket", category="economics")),
    "pm-geopolitics": ("Polymarket, geopolitics", Question("polymarket", category="geopolitics")),
    "predictit": ("PredictIt", Question("predictit")),
    "none": ("No fee, or in the price", None),
}
CHOICES: tuple[tuple[str, str], ...] = tuple((key, text) for key, (text, _) in _ASKED.items())


def answer(key: str) -> Answer:
    """The schedule behind a choice and where it comes from."""
    asked = _ASKED[key][1]
    if asked is None:
        return Answer(FeeSchedule(NONE, 0), "no fee")
    return published(asked)


def name(key: str) -> str:
    """A choice in words."""
    return _ASKED[key][0]
