"""`make oracles`: serves each venue's fake on loopback and lets that venue's own SDK talk to it.

The fake runs here, in the project's environment; the SDK runs as a process of `.venv-oracles`. A
venue is a module `serve_<venue>` with `async def serve() -> Served` beside the script
`sdk_<venue>.py`, which is started with the arguments `serve` names, writes what it did line by line
and ends with 0 when everything was as the SDK expects.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path

from tests.oracles.served import Served

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-oracles" / "bin" / "python"
PREFIX = "serve_"
PATIENCE = 120.0


def venues() -> list[str]:
    """Every venue whose SDK is asked."""
    return sorted(path.stem.removeprefix(PREFIX) for path in HERE.glob(f"{PREFIX}*.py"))


async def judge(venue: str) -> int:
    """Serve the venue's fake and run its SDK; the SDK's exit code."""
    serve: Callable[[], Awaitable[Served]] = import_module(f"tests.oracles.{PREFIX}{venue}").serve
    served = await serve()
    try:
        script = HERE / f"sdk_{venue}.py"
        process = await asyncio.create_subprocess_exec(
            str(PYTHON), "-W", "ignore", str(script), *served.arguments
        )
        return await asyncio.wait_for(process.wait(), PATIENCE)
    finally:
        await served.stop()


def main(wanted: list[str]) -> int:
    """Judge the venues named, or all."""
    if not PYTHON.exists():
        sys.stderr.write("The SDKs are not installed: run `make oracles`.\n")
        return 2
    failed = [venue for venue in wanted or venues() if asyncio.run(judge(venue))]
    sys.stdout.write(f"failed: {', '.join(failed)}\n" if failed else "every SDK is content\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
