"""The documents name what exists: tests, files, settings; and never where the project was made."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md"]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_feature_names_a_test_that_exists() -> None:
    rows = re.findall(r"^\| (\w+) \|.*\| `(.+?)::(\w+)` \|$", features(), re.M)

    assert len(rows) == len(re.findall(r"^\| \w+ \|", features(), re.M)) > 30
    for number, path, name in rows:
        text = (ROOT / path).read_text()
        assert re.search(rf"\b{name}\b", text), f"row {number} names {path}::{name}"


def test_every_rule_of_a_venue_names_tests_that_exist() -> None:
    rules = (ROOT / "docs" / "venue-rules.md").read_text()
    files = sorted((ROOT / "tests").rglob("*.py"))
    tests = set(re.findall(r"def (test_\w+)", "\n".join(file.read_text() for file in files)))

    rows = [line for line in rules.splitlines() if line.startswith("| ") and "---" not in line]
    bare = [row for row in rows if "`test_" not in row]

    assert len(rows) > 80
    assert bare == [row for row in rows if row.endswith("| held by |")]
    assert set(re.findall(r"`(test_\w+)`", rules)) - tests == set()


def test_every_failure_names_a_test_that_exists() -> None:
    table = (ROOT / "docs" / "failures.md").read_text()
    rows = re.findall(r"^\| .+ \| .+ \| `(.+?)::(\w+)` \|$", table, re.M)

    assert len(rows) == len(re.findall(r"^\| ", table, re.M)) - 2 > 25
    for path, name in rows:
        assert re.search(rf"\b{name}\b", (ROOT / path).read_text()), f"{path}::{name}"


def features() -> str:
    return (ROOT / "docs" / "features.md").read_text()


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text()):
        assert (path.parent / target).exists(), f"{named(path)} links to {target}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_files_that_are_named_exist(path: Path) -> None:
    pattern = r"`((?:arbsite|markets|trading|risk|feeds|tests|docs)/[\w/]+\.\w+)`"
    for target in re.findall(pattern, path.read_text()):
        assert (ROOT / target).exists(), f"{named(path)} names {target}"
