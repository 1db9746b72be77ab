"""Asks a language model for advice on pairs: any gateway that speaks OpenAI's protocol.

Off until the operator switches it on under Matching policy. The key comes from the environment and
is never kept. An answer is kept with what it was asked about and not asked for again; tokens are
counted. A gateway that fails is followed by the fallback; when both fail there is no advice, and
the rules alone decide.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from django.utils import timezone

from markets.judging import policy_row, side_of
from markets.matching import advice as advices
from markets.matching.advice import Advice
from markets.models import MatchRun, Relation
from markets.terms.units import Rounding, Usd, divide, micros_from_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LOG = structlog.get_logger(__name__)
TIMEOUT_S = 30.0
KIND = "llm"
MILLION = 1_000_000


class Gateway(msgspec.Struct, frozen=True):
    """Where a model is asked. `key` is shown nowhere. Prices are of a million tokens; nothing where
    none was given.
    """

    name: str
    base_url: str
    model: str
    key: str = ""
    price_in: Usd | None = None
    price_out: Usd | None = None

    def cost(self, tokens_in: int, tokens_out: int) -> Usd | None:
        """What a question came to, rounded up; nothing without both prices."""
        if self.price_in is None or self.price_out is None:
            return None
        micros = tokens_in * self.price_in + tokens_out * self.price_out
        return Usd(divide(micros, MILLION, Rounding.UP))

    def __repr__(self) -> str:
        return f"Gateway({self.name}, {self.base_url}, {self.model})"


PRESETS = {
    "deepseek": ("https://api.deepseek.com", "deepseek-chat"),
    "openai": ("https://api.openai.com/v1", "gpt-4o-mini"),
}


class Asked(msgspec.Struct, frozen=True):
    """What asking came to: the advice or why there is none, by whom, at how many tokens, and what
    that cost where prices are known.
    """

    advice: Advice | None
    ignored: str
    model: str
    tokens_in: int = 0
    tokens_out: int = 0
    cost: Usd | None = None


def gateways(environ: dict[str, str] | None = None) -> tuple[Gateway, ...]:
    """The gateway and its fallback, as far as the environment names their keys.

    `LLM_PRESET` (deepseek) and `LLM_FALLBACK_PRESET` (openai) give address and model, which
    `LLM_BASE_URL`, `LLM_MODEL`, and the same with `LLM_FALLBACK_`, replace; keys are `LLM_API_KEY`
    and `LLM_FALLBACK_API_KEY`; `LLM_PRICE_IN` and `LLM_PRICE_OUT` are dollars for a million tokens.
    Errors: `ValueError` naming a price that is none.
    """
    env = dict(os.environ) if environ is None else environ
    found = []
    for prefix, preset in (("LLM_", "deepseek"), ("LLM_FALLBACK_", "openai")):
        name = env.get(f"{prefix}PRESET", preset)
        url, model = PRESETS.get(name, ("", ""))
        one = Gateway(
            name,
            env.get(f"{prefix}BASE_URL", "") or url,
            env.get(f"{prefix}MODEL", "") or model,
            env.get(f"{prefix}API_KEY", ""),
            _price(env, f"{prefix}PRICE_IN"),
            _price(env, f"{prefix}PRICE_OUT"),
        )
        if one.key and one.base_url and one.model:
            found.append(one)
    return tuple(found)


def _price(env: Mapping[str, str], name: str) -> Usd | None:
    text = env.get(name, "").strip()
    if not text:
        return None
    try:
        price = micros_from_text(text)
    except ValueError:
        price = -1
    if price < 0:
        raise ValueError(f"{name}={text!r}: write dollars for a million tokens, for example 0.27.")
    return Usd(price)


def ask(text: str, where: Sequence[Gateway]) -> Asked:
    """The first readable advice of the gateways, in their order."""
    last = Asked(None, "no gateway has a key: set LLM_API_KEY", "")
    for gateway in where:
        last = _ask(text, gateway)
        if last.advice is not None:
            return last
        LOG.info("no advice", gateway=gateway.name, why=last.ignored)
    return last


def _ask(text: str, gateway: Gateway) -> Asked:
    import openai  # a second of loading that only who asks should pay

    client = openai.OpenAI(
        base_url=gateway.base_url, api_key=gateway.key, timeout=TIMEOUT_S, max_retries=1
    )
    try:
        with client:
            said = client.chat.completions.create(
                model=gateway.model,
                temperature=0,
                max_tokens=600,
                response_format={"type": "json_object"},
                messages=[
                    {"role": "system", "content": advices.SYSTEM},
                    {"role": "user", "content": text},
                ],
            )
    except (openai.OpenAIError, ValueError) as problem:
        return Asked(
            None, f"{gateway.name} did not answer ({type(problem).__name__})", gateway.model
        )
    choices = said.choices or []
    content = (choices[0].message.content or "") if choices else ""
    found = advices.read(content)
    used = said.usage
    tokens_in, tokens_out = (used.prompt_tokens, used.completion_tokens) if used else (0, 0)
    return Asked(
        None if isinstance(found, str) else found,
        found if isinstance(found, str) else "",
        gateway.model,
        tokens_in,
        tokens_out,
        gateway.cost(tokens_in, tokens_out) if used else None,
    )


def advise(row: Relation, where: Sequence[Gateway] | None = None) -> Advice | None:
    """The model's advice on a pair, asked for once for what it rests on; None without any.

    Needs claims with markets and events. Keeps what came in `Relation.llm`.
    """
    kept = kept_advice(row)
    if kept is not None:
        return kept
    if not policy_row().llm_enabled or asked_today() >= policy_row().llm_budget:
        return None
    markets = list({c.market_id: c.market for c in row.claims.all()}.values())
    if len(markets) != 2:
        return None
    text = advices.question(side_of(markets[0]), side_of(markets[1]))
    found = ask(text, gateways() if where is None else where)
    _keep(row, found)
    return found.advice


def kept_advice(row: Relation) -> Advice | None:
    """Advice that is there and was given on what the relation rests on now."""
    if row.llm.get("asked_as") != row.judged_as or not row.llm.get("advice"):
        return None
    return msgspec.convert(row.llm["advice"], Advice)


def _keep(row: Relation, found: Asked) -> None:
    advice = found.advice
    row.llm = {
        "asked_as": row.judged_as,
        "model": found.model,
        "tokens": found.tokens_in + found.tokens_out,
        "ignored": found.ignored,
        "advice": None if advice is None else msgspec.to_builtins(advice),
        **({} if advice is None else _shown(advice)),
    }
    row.llm_score = None if advice is None else advice.similarity
    Relation.objects.filter(pk=row.pk).update(llm=row.llm, llm_score=row.llm_score)
    MatchRun.objects.create(
        kind=KIND,
        at=timezone.now(),
        figures={
            "model": found.model,
            "tokens_in": found.tokens_in,
            "tokens_out": found.tokens_out,
            "cost": found.cost,
            "ignored": found.ignored,
        },
    )


def _shown(advice: Advice) -> dict[str, Any]:
    return {
        "word": "same" if advice.agrees else "doubtful",
        "similarity": advice.similarity,
        "explanation": advice.explanation,
        "disagrees": list(advice.doubts),
    }


class Spent(msgspec.Struct, frozen=True):
    """What the model was asked since a day ago, and how many answers are in store.

    `cost` is that of the questions whose price is known, `unpriced` how many it is not of.
    """

    asked: int
    tokens_in: int
    tokens_out: int
    ignored: int
    kept: int
    cost: Usd
    unpriced: int


def spent() -> Spent:
    """Questions and tokens of the last day, and answers that need not be asked for again."""
    rows = [row.figures for row in _today()]
    costs = [r.get("cost") for r in rows]
    return Spent(
        asked=len(rows),
        tokens_in=sum(int(r.get("tokens_in", 0)) for r in rows),
        tokens_out=sum(int(r.get("tokens_out", 0)) for r in rows),
        ignored=sum(bool(r.get("ignored")) for r in rows),
        kept=Relation.objects.filter(llm_score__isnull=False).count(),
        cost=Usd(sum(cost for cost in costs if cost is not None)),
        unpriced=costs.count(None),
    )


def asked_today() -> int:
    """Questions put to the model in the last day."""
    count: int = _today().count()
    return count


def _today() -> Any:
    return MatchRun.objects.filter(kind=KIND, at__gte=timezone.now() - timedelta(days=1))


def rank_waiting(limit: int = 20) -> int:
    """Asks about the first undecided pairs that have no advice yet; returns how many were asked."""
    if not policy_row().llm_enabled:
        return 0
    rows = Relation.objects.filter(status=Relation.Status.CANDIDATE, kind="pair").exclude(
        judged_as=""
    )
    asked = 0
    for row in rows.order_by("-score").prefetch_related("claims__market__event")[: 5 * limit]:
        if asked == limit:
            break
        if row.llm.get("asked_as") != row.judged_as:
            advise(row)
            asked += 1
    return asked
