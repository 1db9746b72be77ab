"""Files of configuration: JSON, YAML, or lines `NAME=value`; read without trust.

Only plain values: mappings, lists, texts, numbers, switches. A file that is too large, too deep,
repeats a key, or names YAML's own objects is refused in one sentence.
"""

from __future__ import annotations

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

LARGEST = 1_000_000
DEEPEST = 6
MOST = 20_000


class Unreadable(ValueError):
    """Why a file is no configuration."""


class _Plain(yaml.SafeLoader):
    """Plain YAML without anchors: an alias can stand for more than fits into memory."""

    def compose_node(self, parent: Any, index: int) -> Any:
        """Refuses aliases."""
        if self.check_event(yaml.events.AliasEvent):
            raise Unreadable("it has aliases (*name); write the values out.")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        """Refuses a key that stands twice."""
        found: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise Unreadable(f"the key {key!r} is no text.")
            if key in found:
                raise Unreadable(f"{key} stands twice.")
            found[key] = self.construct_object(value_node, deep=True)
        return found


def read(path: Path) -> dict[str, Any]:
    """The mapping in a file. Errors: `Unreadable` with what is wrong."""
    try:
        if path.stat().st_size > LARGEST:
            raise Unreadable(f"it is larger than {LARGEST:,} bytes, so it is no configuration.")
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise Unreadable(f"it cannot be read ({problem.strerror}).") from None
    except UnicodeDecodeError:
        raise Unreadable("it is no text in UTF-8.") from None
    found = _parsed(text, path.suffix)
    if not isinstance(found, dict):
        raise Unreadable("it is no mapping of names to values.")
    _bounded(found)
    return found


def as_yaml(document: dict[str, Any]) -> str:
    """A document as YAML that `read` takes again."""
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return text


def _parsed(text: str, suffix: str) -> Any:
    try:
        if text.lstrip().startswith("{"):
            return json.loads(text, object_pairs_hook=_once)
        if suffix in (".yaml", ".yml"):
            return yaml.load(text, Loader=_Plain)  # noqa: S506  a safe loader, made stricter
    except RecursionError:
        raise Unreadable("it is nested too deep.") from None
    except yaml.YAMLError as problem:
        raise Unreadable(f"it is no plain YAML: {_first_line(problem)}.") from None
    except json.JSONDecodeError as problem:
        raise Unreadable(f"it is no JSON: {problem.msg} in line {problem.lineno}.") from None
    return _lines(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in names if names.count(key) > 1)
        raise Unreadable(f"{twice} stands twice.")
    return found


def _first_line(problem: yaml.YAMLError) -> str:
    mark = getattr(problem, "problem_mark", None)
    what = getattr(problem, "problem", None) or str(problem).splitlines()[0]
    return f"{what} in line {mark.line + 1}" if mark else str(what)


def _lines(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].strip().removeprefix("export ").strip()
        if not words:
            continue
        name, equals, value = words.partition("=")
        if not equals:
            raise Unreadable(f"line {number} is neither NAME=value nor JSON.")
        if name.strip() in found:
            raise Unreadable(f"{name.strip()} stands twice.")
        found[name.strip()] = value.strip().strip("\"'")
    return found


def _bounded(document: dict[str, Any]) -> None:
    """Refuses what is too deep or too much; the walk itself never recurses."""
    waiting: list[tuple[int, Any]] = [(0, document)]
    seen = 0
    while waiting:
        depth, value = waiting.pop()
        seen += 1
        if depth > DEEPEST or seen > MOST:
            raise Unreadable("it is nested too deep or too long to be a configuration.")
        if isinstance(value, dict):
            waiting += [(depth + 1, x) for x in value.values()]
        elif isinstance(value, list):
            waiting += [(depth + 1, x) for x in value]
