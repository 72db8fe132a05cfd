"""The row of the start of a command: its CPU time, of which nearly all is spent on imports."""

import sys
from collections.abc import Callable
from statistics import fmean, median
from typing import Final

from bench.commands import OURS, Usage, run
from bench.measure import Bench, Result, Side, Target, ratios

RUNS: Final = 3
"""Processes in one figure."""


def start(bench: Bench) -> list[Result]:
    """Compare commands that need no store with an interpreter that only imports click."""
    calls = [
        lambda: OURS.run(["--version"], {}),
        lambda: OURS.run(["--help"], {}),
        lambda: run([sys.executable, "-c", "import click"], {}, OURS.folder),
    ]
    version, options, rival = bench.interleaved([cpu_time(call) for call in calls])
    target = Target(3, at_least=False)
    return [
        compared(f"CPU time of `feeds {name}`", ("feeds", ours), ("import click", rival), target)
        for name, ours in (("--version", version), ("--help", options))
    ]


def cpu_time(call: Callable[[], Usage]) -> Callable[[], float]:
    """Return a run that measures the CPU time of a process, in milliseconds."""
    call()  # Python compiles the modules once

    def figure() -> float:
        return fmean(call().cpu for _ in range(RUNS)) * 1000

    return figure


def compared(
    what: str, ours: tuple[str, list[float]], rival: tuple[str, list[float]], target: Target
) -> Result:
    """Compare CPU times."""
    return Result(
        row="start",
        what=what,
        ours=Side(ours[0], median(ours[1]), "ms"),
        rival=Side(rival[0], median(rival[1]), "ms"),
        figures=ratios(ours[1], rival[1]),
        target=target,
    )
