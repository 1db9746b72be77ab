"""`manage.py trace`: the way of one deal from the frame that caused it to its fills."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from markets.console import NO, Console
from markets.wire import iso
from trading import traces
from trading.journal_place import journal_directory
from trading.runtime.segments import CorruptJournal


class Command(Console):
    """One line a link, with the time it took."""

    help = (
        "Show what led to a deal and what came of it: frame, edge, deal, orders, answers, fills, "
        "each with its time and the microseconds since the one before. Name a deal, or a trace as "
        "the log's lines carry it (RUN.SEQ); a trace of a refused plan shows its frame, edge and "
        "refusal. Told from the journal where it still lies, else from the rows. Exit 0 found, 1 "
        "nobody knows of it, 2 the journal cannot be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """A name, `--json`, `--journal`."""
        parser.add_argument("name", metavar="DEAL|TRACE", help="a deal's id, or RUN.SEQ")
        parser.add_argument(
            "--journal", type=Path, metavar="DIR", help="the journal's directory; else our own"
        )
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """The chain."""
        name, directory = options["name"], options["journal"] or journal_directory()
        try:
            chain = traces.find(name, directory)
        except CorruptJournal as problem:
            self.refuse(str(problem))
        if chain is None:
            self.leave(
                NO,
                f"Neither a deal nor a trace {name!r} is on record; copy one from /deals/ or from "
                "a line of the log.",
            )
        if options["json"]:
            self.stdout.write(json.dumps(_told(chain)))
            return
        of = f" of deal {chain.deal}" if chain.deal else ""
        self.stdout.write(f"trace {chain.trace}{of}, from the {chain.source}")
        for step in traces.steps_of(chain):
            order = f" [{step['order']}]" if step["order"] else ""
            at = iso(int(str(step["at"])))[11:26]
            self.stdout.write(
                f"{step['seq']:>10} {at} {step['after_us']:>+10} µs "
                f"{step['step']:<8} {step['text']}{order}"
            )
        if chain.source == traces.ROWS:
            self.say("The journal of that time is not here: causes and answers are missing.")


def _told(chain: traces.Chain) -> dict[str, Any]:
    steps = [step | {"at": iso(int(str(step["at"])))} for step in traces.steps_of(chain)]
    return {
        "trace": chain.trace,
        "deal": chain.deal or None,
        "source": chain.source,
        "steps": steps,
        "frame_to_order_us": chain.took("frame", "order"),
        "order_to_answer_us": chain.took("order", "answer"),
        "order_to_fill_us": chain.took("order", "fill"),
        "frame_to_fill_us": chain.took("frame", "fill"),
    }
