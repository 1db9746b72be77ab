"""`manage.py relation` on the cases a reader would try first."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

Table = dict[str, Any]


def table(claims: dict[str, str], worlds: str, **more: Any) -> Table:
    """Claims as words over the worlds: 1 won, 0 lost, p push, w half won, l half lost."""
    cells: dict[str, Any] = {
        "1": "1",
        "0": "0",
        "p": {"fixed": "0", "stake": "1"},
        "w": {"fixed": "0.5", "stake": "0.5"},
        "l": {"fixed": "0", "stake": "0.5"},
    }
    names = worlds.split()
    kinds = more.get("kinds", {})
    chances = more.get("chances", {})
    return {
        "worlds": [
            {"name": n, "kind": kinds.get(n, "decisive"), "probability": chances.get(n, "0")}
            for n in names
        ],
        "claims": [
            {
                "id": name,
                "venue": name.split("-")[0],
                "fee": more.get("fee", {}),
                "pays": {w: cells[letter] for w, letter in zip(names, word, strict=True)},
            }
            for name, word in claims.items()
        ],
    }


def run(folder: Path, content: Table, books: Any = None) -> tuple[int, dict[str, Any], str]:
    """Exit code, JSON answer and messages."""
    file = folder / "table.json"
    file.write_text(json.dumps(content))
    arguments = [str(file), "--json"]
    if books is not None:
        other = folder / "books.json"
        other.write_text(json.dumps(books))
        arguments += ["--books", str(other)]
    out, err = StringIO(), StringIO()
    try:
        call_command("relation", *arguments, stdout=out, stderr=err)
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    lines = out.getvalue().splitlines()
    return code, json.loads(lines[-1]) if lines else {}, err.getvalue()


def best(answer: dict[str, Any]) -> tuple[set[str], dict[str, Any]]:
    """The claims and the edge of the best package."""
    found = answer["packages"][answer["best"]]
    return {leg["claim"] for leg in found["claims"]}, found["edge"]


def packages_of(answer: dict[str, Any]) -> list[set[str]]:
    return [{leg["claim"] for leg in p["claims"]} for p in answer["packages"]]


def test_a_pair_and_its_depth(tmp_path: Path) -> None:
    content = table({"a-yes": "10", "a-no": "01", "b-yes": "10", "b-no": "01"}, "yes no")
    books = {"a-yes": [["0.42", "100"], ["0.44", "50"]], "b-no": [["0.53", "120"]]}
    code, answer, _ = run(tmp_path, content, books)

    assert code == 0
    claims, edge = best(answer)
    assert claims == {"a-yes", "b-no"}
    assert (edge["size"], edge["profit"]) == ("120", "5.6")
    assert answer["solver"]["value"] == "5.600000"


def test_an_inverse_pair_crosses_yes_with_yes(tmp_path: Path) -> None:
    content = table({"a-yes": "10", "a-no": "01", "b-yes": "01", "b-no": "10"}, "yes no")
    _, answer, _ = run(tmp_path, content)

    assert {"a-yes", "b-yes"} in packages_of(answer)
    assert {"a-yes", "b-no"} not in packages_of(answer)


def test_three_exclusive_noes_at_64_cents(tmp_path: Path) -> None:
    content = table({"a-no": "011", "b-no": "101", "c-no": "110"}, "A B C")
    books = {name: [["0.64", "100"]] for name in ("a-no", "b-no", "c-no")}
    _, answer, _ = run(tmp_path, content, books)
    claims, edge = best(answer)
    shown = answer["packages"][answer["best"]]

    assert claims == {"a-no", "b-no", "c-no"}
    assert [leg["fraction"] for leg in shown["claims"]] == ["1/2"] * 3
    # 100 of each cost 192 dollars and pay 200.
    assert (edge["cost"], edge["size"], edge["net"]) == ("192", "200", "0.04")
    two = next(p for p in answer["packages"] if len(p["claims"]) == 2)
    assert two["edge"]["net"] == "-0.28"


def test_every_yes_of_a_field(tmp_path: Path) -> None:
    content = table({"a-1": "1000", "b-2": "0100", "c-3": "0010", "d-4": "0001"}, "A B C D")
    books = {name: [["0.23", "10"]] for name in ("a-1", "b-2", "c-3", "d-4")}
    _, answer, _ = run(tmp_path, content, books)
    claims, edge = best(answer)

    assert claims == {"a-1", "b-2", "c-3", "d-4"}
    assert edge["net"] == "0.08"


def test_a_field_in_which_none_may_pay_has_no_cover(tmp_path: Path) -> None:
    code, answer, message = run(tmp_path, table({"a-1": "100", "b-2": "010"}, "A B none"))

    assert (code, answer["packages"]) == (1, [])
    assert message.strip() == "No package covers every decisive world."


def test_a_ladder_buys_the_lower_yes_and_the_higher_no(tmp_path: Path) -> None:
    content = table({"a-5": "011", "b-not10": "110"}, "below5 between above10")
    _, answer, _ = run(tmp_path, content, {"a-5": [[0.50, 10]], "b-not10": [[0.45, 30]]})

    assert best(answer)[1]["profit"] == "0.5"


def test_one_claim_at_two_venues_is_one_leg(tmp_path: Path) -> None:
    content = table({"a-yes": "10", "b-yes": "10", "c-no": "01"}, "yes no")
    books = {"a-yes": [["0.40", "10"]], "b-yes": [["0.41", "10"]], "c-no": [["0.50", "15"]]}
    _, answer, _ = run(tmp_path, content, books)
    merged = next(p for p in answer["packages"] if any(leg["also"] for leg in p["claims"]))

    assert merged["claims"][0]["also"] == ["b-yes"]
    assert {leg["claim"]: leg["size"] for leg in merged["edge"]["legs"]} == {
        "a-yes": "10", "b-yes": "5", "c-no": "15",
    }  # fmt: skip
    assert answer["best"] == merged["index"]
    assert answer["solver"]["profit"] == merged["edge"]["profit"] == "1.45"


def test_opposite_quarter_lines_keep_half_in_the_draw(tmp_path: Path) -> None:
    content = table({"a-home": "1l0", "b-away": "0w1"}, "home draw away")
    books = {"a-home": [["0.48", "100"]], "b-away": [["0.49", "100"]]}
    _, answer, _ = run(tmp_path, content, books)

    assert best(answer)[1]["net"] == "0.015"


def test_draw_no_bet_with_the_three_results(tmp_path: Path) -> None:
    claims = {"a-dnb": "1p0", "b-home": "100", "b-draw": "010", "b-away": "001"}
    books = {"a-dnb": [["0.50", "50"]], "b-draw": [["0.22", "50"]], "b-away": [["0.25", "50"]]}
    _, answer, _ = run(tmp_path, table(claims, "home draw away"), books)
    found, edge = best(answer)

    assert found == {"a-dnb", "b-draw", "b-away"}
    # With one of each the draw pays 1.50; half a draw contract is enough, as the solver sees.
    assert edge["net"] == "0.03"
    assert float(answer["solver"]["profit"]) > float(edge["profit"])
    assert {leg["claim"]: leg["size"] for leg in answer["solver"]["claims"]} == {
        "a-dnb": "50", "b-draw": "25", "b-away": "50",
    }  # fmt: skip


def test_a_push_that_costs_more_than_allowed_is_refused(tmp_path: Path) -> None:
    content = table({"a-over": "10p", "b-under": "010"}, "o u push", kinds={"push": "neutral"})
    _, answer, _ = run(tmp_path, content, {"a-over": [[0.4, 9]], "b-under": [[0.5, 9]]})

    assert answer["packages"][0]["edge"]["refused"].startswith("a neutral world costs 0.5")
    assert answer["best"] is None


def test_a_tail_is_shown_with_what_it_loses(tmp_path: Path) -> None:
    content = table(
        {"a-yes": "100", "b-no": "010"}, "y n void", kinds={"void": "tail"}, chances={"void": 0.01}
    )
    books = {"a-yes": [["0.4", "10"]], "b-no": [["0.5", "10"]]}
    _, answer, _ = run(tmp_path, content, books)
    tail = answer["packages"][0]["tails"][0]

    assert (tail["probability"], tail["pays"], tail["loss"]) == ("0.01", "0", "0.9")
    assert best(answer)[1]["tail"] == "0.009"


def test_the_fee_of_a_venue_is_charged_and_an_unsaid_one_is_the_worst(tmp_path: Path) -> None:
    claims, books = {"kalshi-y": "10", "b-n": "01"}, {"kalshi-y": [[0.4, 10]], "b-n": [[0.5, 10]]}
    free = best(run(tmp_path, table(claims, "y n"), books)[1])[1]
    fee = {"kind": "kalshi_quadratic", "rate": "0.07"}
    charged = best(run(tmp_path, table(claims, "y n", fee=fee), books)[1])[1]
    unsaid = table(claims, "y n")
    for claim in unsaid["claims"]:
        del claim["fee"]
    worst = run(tmp_path, unsaid, books)[1]["packages"][0]["edge"]

    assert (free["profit"], charged["profit"]) == ("1", "0.657")
    assert float(worst["top_net"]) < float(charged["net"])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda t: t.pop("worlds"), "names no worlds"),
        (lambda t: t["claims"][0]["pays"].update(mars="1"), "none of the worlds"),
        (lambda t: t["claims"][0]["pays"].update(y="much"), "no number"),
        (lambda t: t["worlds"][0].update(kind="odd"), "decisive, neutral or tail"),
        (lambda t: t["claims"][1].update(id="a-yes"), "appears twice"),
        (lambda t: t["claims"][0]["pays"].update(y="2"), "more than a dollar"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(tmp_path: Path, spoil: Any, said: str) -> None:
    content = table({"a-yes": "10", "b-no": "01"}, "y n")
    spoil(content)
    code, _, message = run(tmp_path, content)

    assert code == 2
    assert said in message
    assert len(message.strip().splitlines()) == 1


def test_books_of_other_claims_compare_nothing(tmp_path: Path) -> None:
    content = table({"a-yes": "10", "b-no": "01"}, "y n")

    assert run(tmp_path, content, {"other": [["0.5", "1"]]})[0] == 3
    assert run(tmp_path, content, {"a-yes": [["1.5", "1"]]})[0] == 2
    assert run(tmp_path, content, {"a-yes": ["0.5"]})[0] == 2


def test_a_reader_sees_the_same_in_words(tmp_path: Path) -> None:
    file = tmp_path / "table.json"
    file.write_text(json.dumps(table({"a-yes": "10", "b-no": "01"}, "y n")))
    books = tmp_path / "books.json"
    books.write_text(json.dumps({"a-yes": [["0.4", "10"]], "b-no": [["0.5", "8"]]}))
    out = StringIO()
    call_command("relation", str(file), "--books", str(books), stdout=out)

    assert "1 x a-yes + 1 x b-no  pays 1" in out.getvalue()
    assert "net 0.1 per $1, size 8, keeps 0.8" in out.getvalue()
    assert "b-no limits" in out.getvalue()
