"""Every recording beside the project through `manage.py books`: `python -m tests.tapes`.

They are read where they are (`../shared/data`) and never copied. `REFUSED` says what may be
refused in each and why; docs/recordings.md explains the same to people.
"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
GOLD = "streams/kalshi_gold15m"
UPDOWN = "streams/polymarket_updown_2025-12-11"

# Reasons of refusal a recording may have, by its name; every other recording has none.
REFUSED: dict[str, set[str]] = {
    "ws_doc_examples.json": {
        *(f"error_{code}" for code in (2, 6, 8, 9, 16)),
        "unknown_frame",
        "unsubscribed",
    },
    "ws_prod_fragments_2026.jsonl": {"malformed_frame", "unknown_frame"},
    "ws_frames_live_2026-08-14_shortened.jsonl": {"unknown_type"},
    "ws_market_frames.jsonl": {"unknown_asset", "unknown_type"},
    "ws_user_frames.jsonl": {"unknown_type"},
}
SUMS = ("frames", "snapshots", "deltas", "trades", "gaps", "resyncs", "rejects")
COMPARED = ("compared_snapshots", "compared_bests", "compared_mirror", "mismatches")


def tapes() -> list[tuple[str, tuple[Path, ...]]]:
    """Venue and files of every recording of frames there is; files of one recording together."""
    gold = sorted((SHARED / GOLD).glob("*.ndjson.gz"))
    split = [path for path in gold if "102000-00" in path.name]
    updown = SHARED / UPDOWN
    found: list[tuple[str, tuple[Path, ...]]] = []
    found += [("kalshi", (path,)) for path in gold if path not in split]
    found += [("kalshi", tuple(split))] if split else []
    found += [("kalshi", (path,)) for path in sorted((SHARED / "kalshi").glob("ws_*"))]
    found += [("polymarket", (path,)) for path in sorted((SHARED / "polymarket").glob("ws_*"))]
    streams = SHARED / "streams"
    found += [("polymarket", (path,)) for path in sorted(streams.glob("polymarket_*.*"))]
    for kind in ("1h_books", "1h_trades", "15m_trades"):
        files = tuple(updown / f"btc_{kind}_{side}.jsonl.gz" for side in ("up", "down"))
        found.append(("polymarket", files))
    return [(venue, files) for venue, files in found if all(map(Path.is_file, files))]


def read(venue: str, files: tuple[Path, ...]) -> tuple[int, dict[str, Any]]:
    """Exit code and figures of `manage.py books` over one recording."""
    from django.core.management import call_command

    out = io.StringIO()
    code = 0
    with redirect_stderr(io.StringIO()):
        try:
            call_command("books", venue, *map(str, files), "--json", stdout=out)
        except SystemExit as left:
            code = int(left.code or 0)
    figures: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return code, figures


def is_explained(files: tuple[Path, ...], figures: dict[str, Any]) -> bool:
    """Whether everything agrees and every refusal is one we know the reason of."""
    known = REFUSED.get(files[0].name, set())
    return figures["mismatches"] == 0 and set(figures["reject_reasons"]) <= known


def main() -> int:
    """Print the table; 0 when all of it is explained, 3 without recordings."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    found = tapes()
    if not found:
        sys.stdout.write(f"no recordings in {SHARED}\n")
        return 3
    wrong = 0
    sys.stdout.write("| recording | " + " | ".join((*SUMS, *COMPARED, "exit")) + " |\n")
    for venue, files in found:
        code, figures = read(venue, files)
        cells = [str(figures[name]) for name in (*SUMS, *COMPARED)]
        sys.stdout.write(f"| {files[0].name} | " + " | ".join((*cells, str(code))) + " |\n")
        if not is_explained(files, figures):
            wrong += 1
            sys.stdout.write(f"not explained: {figures['reject_reasons']}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
