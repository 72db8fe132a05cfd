"""Measure the service against its rivals in one run, and write the results down.

    python -m bench
    python -m bench --against PATH_OF_A_CHECKOUT

The first takes about an hour, and ten minutes more the first time, when the stores are built in
`.bench`; the largest has a million releases and 6 GB. It needs 25 GB of disk while it runs. The
second compares this checkout with another commit's in about a quarter of an hour and only prints
the results. Both need Debian's packages wrk, nginx and util-linux. Nothing else should run on the
machine meanwhile, or polls wait for that as well.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from bench import freeze, imports, known, memory, nginx, polls, remade, start, stores, storm
from bench.against import Against
from bench.chart import svg
from bench.commands import OURS
from bench.measure import LEAST_ROUNDS, Bench, Result, SkippedError, number
from bench.report import UnmarkedError, markdown, page_with, table
from bench.servers import LOAD_CORE, MissingError, program

Rows = Mapping[str, Callable[[Bench], list[Result]]]

ROWS: Final[Rows] = {
    "hot": polls.hot,
    "not_modified": polls.not_modified,
    "metrics": polls.metrics,
    "frameworks": polls.frameworks,
    "nginx": nginx.nginx,
    "cold": stores.cold,
    "million": stores.million,
    "archive": stores.archive,
    "categories": stores.categories,
    "memory": memory.memory,
    "known": known.known,
    "first": known.first,
    "remade": remade.remade,
    "storm": storm.storm,
    "large_storm": storm.large_storm,
    "start": start.start,
    "freeze": freeze.freeze,
    "import": imports.imports,
    "bulk": imports.bulk,
}
"""The rows in the order in which they are measured. A row may have several lines."""

AGAINST: Final[Mapping[str, Callable[[Against, Bench], list[Result]]]] = {
    "hot": Against.hot,
    "not_modified": Against.not_modified,
    "nginx": Against.nginx,
    "cold": Against.cold,
    "cold_gzip": Against.cold_gzip,
    "start": Against.start,
    "import": Against.imports,
    # Leaves the store that the next two use.
    "bulk": Against.bulk,
    "million": Against.million,
    "archive": Against.archive,
    "fit": Against.fit,
}
"""The rows that compare two checkouts."""

LARGE: Final = 1_000_000
LARGE_AGAINST: Final = 30_000
"""Releases in the large store, which each of two checkouts imports several times."""


def main() -> int:
    """Measure the rows; return the exit code."""
    options = _options()
    bench = Bench(options.rounds, options.seconds, options.releases, options.stores, options.fresh)
    complete = not options.against and len(options.only) == len(ROWS)
    try:
        for name, package in (("taskset", "util-linux"), ("wrk", "wrk"), ("nginx", "nginx")):
            program(name, package)
        if complete:
            # A page without markers must be found before the measurements, not after them.
            page_with(options.page, "")
    except (MissingError, UnmarkedError) as error:
        print(error, file=sys.stderr)
        return 2
    # SIGTERM, too, must stop the servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.sched_setaffinity(0, {LOAD_CORE})
    if options.against:
        against = Against(bench, options.against)
        rows = {name: partial(AGAINST[name], against) for name in options.only}
        results, _ = _measured(bench, rows)
        print(f"\n{table(results)}")
        return 0
    results, skipped = _measured(bench, {name: ROWS[name] for name in options.only})
    text = markdown(bench, results, skipped, os.path.relpath(options.chart, options.page.parent))
    print(f"\n{text}")
    if complete:
        options.page.write_text(page_with(options.page, text), encoding="utf-8")
        options.chart.write_text(svg(results), encoding="utf-8")
        print(f"\nWritten: {options.page} and {options.chart}.")
    return 0


def _measured(bench: Bench, rows: Rows) -> tuple[list[Result], dict[str, str]]:
    results: list[Result] = []
    skipped: dict[str, str] = {}
    for name, measure in rows.items():
        begin = time.monotonic()
        print(f"{name} …", flush=True)
        try:
            found = measure(bench)
        except SkippedError as error:
            skipped[name] = str(error)
            print(f"  skipped. {error}")
            continue
        results += found
        for result in found:
            print(f"  {result.what}: {number(result.median)} {result.unit.strip()}")
        print(f"  {time.monotonic() - begin:.0f} s", flush=True)
    return results, skipped


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--rounds", type=_rounds, default=LEAST_ROUNDS, metavar="N")
    add("--seconds", type=int, default=3, metavar="S", help="of one run of wrk")
    add(
        "--only",
        metavar="ROW,…",
        help=f"measure these rows of {', '.join(ROWS)}, and write no page",
    )
    add(
        "--against",
        type=_checkout,
        metavar="FOLDER",
        help="compare this checkout with a checkout of another commit, by the rows "
        f"{', '.join(AGAINST)}",
    )
    add(
        "--releases",
        type=int,
        metavar="N",
        help=f"in the large store; by default {LARGE:,}, or {LARGE_AGAINST:,} with --against",
    )
    add("--stores", type=Path, default=OURS.folder / ".bench", metavar="FOLDER")
    add("--fresh", action="store_true", help="build the stores again")
    add("--page", type=Path, default=OURS.folder / "docs" / "performance.md")
    add("--chart", type=Path, default=OURS.folder / "docs" / "performance.svg")
    options = parser.parse_args()
    options.releases = options.releases or (LARGE_AGAINST if options.against else LARGE)
    known = tuple(AGAINST if options.against else ROWS)
    options.only = options.only.split(",") if options.only else list(known)
    unknown = [name for name in options.only if name not in known]
    if unknown:
        parser.error(f"there is no row {unknown[0]!r}; the rows are {', '.join(known)}")
    return options


def _rounds(text: str) -> int:
    count = int(text)
    if count < LEAST_ROUNDS:
        raise argparse.ArgumentTypeError(f"fewer than {LEAST_ROUNDS} rounds prove nothing")
    return count


def _checkout(text: str) -> Path:
    folder = Path(text)
    if not (folder / "pyproject.toml").exists():
        raise argparse.ArgumentTypeError(f"{text} is not a checkout: it has no pyproject.toml")
    return folder


if __name__ == "__main__":
    sys.exit(main())
