"""The rows of a frozen archive: what a release costs in a small store and in a large one.

The command runs on both cores, as the host of a service lets it.
"""

import os
import shutil
from pathlib import Path
from typing import Final

from bench.commands import OURS, Usage, run
from bench.corpus import environ
from bench.measure import Bench, Result, Side, Target
from bench.servers import CORES, pinned

SMALL, LARGE = 10_000, 100_000
"""Releases in the two stores."""

MOST: Final = 1.2
"""How many times as much a release, and how much more memory a run, may take in the large store."""

LEAST_CORES: Final = 1.5
"""How many of the two cores a run must use on average: its CPU time by its elapsed time."""


def freeze(bench: Bench) -> list[Result]:
    """Compare CPU time, bytes and memory of a release in stores of two sizes; each runs once."""
    small, large = (_frozen(bench, releases) for releases in (SMALL, LARGE))
    figures = {
        "CPU time of a release": ("ms", large[0].cpu / LARGE * 1e3, small[0].cpu / SMALL * 1e3),
        "bytes of a release": ("KB", large[1] / LARGE / 1e3, small[1] / SMALL / 1e3),
        "peak memory of the largest process": ("MB", large[0].peak, small[0].peak),
    }
    cores = Result(
        row="freeze",
        what=f"cores used for {LARGE:,} releases",
        ours=Side("CPU time", large[0].cpu, "s"),
        rival=Side("elapsed time", large[0].seconds, "s"),
        figures=[large[0].cpu / large[0].seconds],
        target=Target(LEAST_CORES, at_least=True),
        unit=" cores",
    )
    compared = [
        Result(
            row="freeze",
            what=what,
            ours=Side(f"{LARGE:,} releases", ours, unit),
            rival=Side(f"{SMALL:,} releases", rival, unit),
            figures=[ours / rival],
            target=Target(MOST, at_least=False),
        )
        for what, (unit, ours, rival) in figures.items()
    ]
    return [*compared, cores]


def _frozen(bench: Bench, releases: int) -> tuple[Usage, int]:
    """Freeze a store; return what it took and the bytes of all files."""
    settings = bench.store(releases)
    database = Path(settings.database_url.removeprefix("sqlite:///"))
    folder = bench.folder.resolve() / f"frozen-{releases}"
    shutil.rmtree(folder, ignore_errors=True)
    os.sync()  # the disk must not be busy with a store that was just built
    command = [*pinned(*CORES), *OURS.feeds("freeze", str(folder))]
    used = run(command, environ(database) | OURS.environ, OURS.folder)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    shutil.rmtree(folder)
    return used, size
