"""Measure the service against its rivals, in one run, and write down what came out.

    python -m bench

takes some twenty minutes, and ten more the first time, when the stores, the largest of a million
releases and 6 GB, are built in `.bench`. It needs 25 GB of disk while it runs, and Debian's
packages wrk, nginx and util-linux.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench import imports, memory, nginx, polls, stores
from bench.chart import svg
from bench.measure import LEAST_ROUNDS, Bench, Result, SkippedError, number
from bench.report import UnmarkedError, markdown, page_with
from bench.servers import LOAD_CORE, MissingError, program

ROOT: Final = Path(__file__).resolve().parents[1]

ROWS: Final[dict[str, Callable[[Bench], list[Result]]]] = {
    "hot": polls.hot,
    "unchanged": polls.unchanged,
    "ordinary": polls.ordinary,
    "nginx": nginx.nginx,
    "cold": stores.cold,
    "million": stores.million,
    "archive": stores.archive,
    "categories": stores.categories,
    "memory": memory.memory,
    "import": imports.imports,
    "bulk": imports.bulk,
}
"""Every row in the order in which it is measured; a function may give several lines."""


def main() -> int:
    """Measure what is asked for; return the exit code."""
    asked = _arguments()
    bench = Bench(asked.rounds, asked.seconds, asked.releases, asked.stores, asked.fresh)
    whole = len(asked.only) == len(ROWS)
    try:
        for name, package in (("taskset", "util-linux"), ("wrk", "wrk"), ("nginx", "nginx")):
            program(name, package)
        if whole:
            # To find the page unfit after all has been measured would be late.
            page_with(asked.page, "")
    except (MissingError, UnmarkedError) as error:
        print(error, file=sys.stderr)
        return 2
    # Whatever ends this program, its servers are stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.sched_setaffinity(0, {LOAD_CORE})
    results, skipped = _measured(bench, asked.only)
    text = markdown(bench, results, skipped, os.path.relpath(asked.chart, asked.page.parent))
    print(f"\n{text}")
    if whole:
        asked.page.write_text(page_with(asked.page, text), encoding="utf-8")
        asked.chart.write_text(svg(results), encoding="utf-8")
        print(f"\nWritten: {asked.page} and {asked.chart}.")
    return 0


def _measured(bench: Bench, rows: list[str]) -> tuple[list[Result], dict[str, str]]:
    results: list[Result] = []
    skipped: dict[str, str] = {}
    for row in rows:
        begin = time.monotonic()
        print(f"{row} …", flush=True)
        try:
            found = ROWS[row](bench)
        except SkippedError as error:
            skipped[row] = str(error)
            print(f"  skipped. {error}")
            continue
        results += found
        for result in found:
            print(f"  {result.what}: {number(result.median)} {result.unit.strip()}")
        print(f"  {time.monotonic() - begin:.0f} s", flush=True)
    return results, skipped


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=_rounds, default=LEAST_ROUNDS, metavar="N")
    parser.add_argument("--seconds", type=int, default=3, metavar="S", help="of a run of wrk")
    parser.add_argument(
        "--only",
        type=_rows,
        default=list(ROWS),
        metavar="ROW,…",
        help=f"of {', '.join(ROWS)}; nothing is written then",
    )
    parser.add_argument(
        "--releases", type=int, default=1_000_000, metavar="N", help="in the large store"
    )
    parser.add_argument("--stores", type=Path, default=ROOT / ".bench", metavar="FOLDER")
    parser.add_argument("--fresh", action="store_true", help="build the stores anew")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md")
    parser.add_argument("--chart", type=Path, default=ROOT / "docs" / "performance.svg")
    return parser.parse_args()


def _rounds(text: str) -> int:
    count = int(text)
    if count < LEAST_ROUNDS:
        raise argparse.ArgumentTypeError(f"fewer than {LEAST_ROUNDS} rounds judge nothing")
    return count


def _rows(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(ROWS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
