"""wrk, run for a bounded time on a core of its own, and what it says."""

import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bench.servers import LOAD_CORE, pinned, program

CONNECTIONS: Final = 8

# A slow server goes on with what the run before left unanswered, at the cost of the next one.
_SETTLE_SECONDS = 0.3
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk measured; latencies in milliseconds."""

    rate: float
    p50: float
    p99: float


def load(address: str, headers: Mapping[str, str], seconds: int) -> Load:
    """Ask for one address as often as it answers; raise ``RuntimeError`` at any failed answer."""
    command = [program("wrk", "wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "--latency"]
    command += ["--timeout", "10s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    time.sleep(_SETTLE_SECONDS)
    said = subprocess.run(  # noqa: S603 - our own command
        [*pinned(LOAD_CORE), *command, address],
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 30,
    ).stdout
    failed = re.search(r"(Socket errors|Non-2xx).*", said)
    if failed:
        raise RuntimeError(f"wrk on {address}: {failed[0]}")
    return Load(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", said)),
        p50=_milliseconds(_found(r"\n +50% +(\S+)", said)),
        p99=_milliseconds(_found(r"\n +99% +(\S+)", said)),
    )


def _found(pattern: str, said: str) -> str:
    match = re.search(pattern, said)
    if match is None:
        raise RuntimeError(f"wrk said something else than expected:\n{said}")
    return match[1]


def _milliseconds(text: str) -> float:
    value = text.rstrip("usm")
    return float(value) * _UNITS[text[len(value) :]]
