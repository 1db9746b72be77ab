"""What imports cannot show: no floats or sets where money is decided, everything documented."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from feeds.venues import ADAPTERS, FAKES
from risk.gates.chain import GATES
from trading.engine import events, intents
from trading.engine.config import LIMITS, Limits

ROOT = Path(__file__).parents[2]
PURE = (
    "markets/terms",
    "markets/discovery",
    "markets/matching",
    "trading/engine",
    "trading/replay",
    "trading/learning",
    "risk/gates",
    "feeds/books",
    "feeds/sim",
    "feeds/venues",
)
MONEY = ("markets/terms", "trading/engine", "risk/gates", "feeds/sim", "feeds/books")
FORBIDDEN_NAMES = re.compile(
    r"(^|_)(manager|utils?|helpers?|common|misc|info|handle|item|obj)(_|$)"
)
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def modules(folders: tuple[str, ...]) -> list[Path]:
    return [p for folder in folders for p in sorted((ROOT / folder).rglob("*.py"))]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", modules(MONEY), ids=named)
def test_no_float_stands_where_money_is_decided(path: Path) -> None:
    if path.name == "odds.py":
        return
    for node in ast.walk(ast.parse(path.read_text())):
        is_literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        is_name = isinstance(node, ast.Name) and node.id == "float"
        is_division = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
        is_float = is_literal or is_name or is_division
        assert not is_float, f"{named(path)}:{getattr(node, 'lineno', '?')}"


@pytest.mark.parametrize("path", modules(("trading/engine", "risk/gates")), ids=named)
def test_nothing_is_iterated_over_a_set_where_decisions_must_repeat(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        made = isinstance(node, ast.Set | ast.SetComp)
        called = (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "set"
        )
        is_set = made or called
        assert not is_set, f"{named(path)}:{getattr(node, 'lineno', '?')}"


@pytest.mark.parametrize("path", modules(PURE), ids=named)
def test_every_pure_module_says_what_it_decides(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), named(path)


@pytest.mark.parametrize(
    "path", modules(("arbsite", "feeds", "risk", "trading", "markets")), ids=named
)
def test_no_module_has_a_name_that_says_nothing(path: Path) -> None:
    assert not FORBIDDEN_NAMES.search(path.stem), named(path)


def contract(words: str) -> dict[str, list[str]]:
    found: list[dict[str, list[str]]] = [c for c in CONTRACTS["contracts"] if words in c["name"]]
    assert len(found) == 1
    return found[0]


def test_every_pure_package_is_held_to_the_contract() -> None:
    listed = contract("Pure packages")["source_modules"]

    for folder in PURE:
        module = folder.replace("/", ".")
        assert module in listed, f"{module} is not named in the contract"


def test_every_venue_is_held_apart_from_the_others() -> None:
    listed = contract("Venues do not know")["modules"]

    assert sorted(f"feeds.venues.{venue}" for venue in ADAPTERS) == sorted(listed)
    assert sorted(ADAPTERS) == sorted(FAKES)


def test_every_setting_has_a_field_with_the_same_default_and_stands_in_the_documents() -> None:
    documented = (ROOT / "docs" / "settings.md").read_text()

    assert [s.key for s in LIMITS] == list(Limits.__struct_fields__)
    for spec in LIMITS:
        assert getattr(Limits(), spec.key) == spec.default
        assert spec.low <= spec.default <= spec.high
        assert f"| `{spec.key}` |" in documented, spec.key
        assert spec.meaning in documented, spec.key


def test_every_gate_stands_in_the_documents_in_its_order() -> None:
    documented = re.findall(
        r"^\|[^`|]*\|?\s*`(\w+)`", (ROOT / "docs" / "gates.md").read_text(), re.M
    )
    ids = [name for name, _ in GATES]

    assert [name for name in documented if name in ids] == ids


@pytest.mark.parametrize("module", [events, intents], ids=["events", "intents"])
def test_every_event_and_intent_says_what_it_is(module: object) -> None:
    union = getattr(module, "Event", None) or getattr(module, "Intent", None)
    assert union is not None
    for kind in union.__args__:
        assert kind.__doc__, kind.__name__
