"""Loads: wrk, run for a limited time on a core of its own, and its figures."""

import re
import subprocess
import time
from collections.abc import Mapping
from typing import Final

from bench.servers import LOAD_CORE, pinned, program

CONNECTIONS: Final = 8

# A slow server still works on the last requests of a run when the run is over.
_SETTLE_SECONDS = 0.3


def load(url: str, headers: Mapping[str, str], seconds: int) -> float:
    """Request one URL as fast as it is answered; return the answers per second.

    Raises ``RuntimeError`` if any request fails.
    """
    command = [program("wrk", "wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}"]
    command += ["--timeout", "10s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    time.sleep(_SETTLE_SECONDS)
    output = subprocess.run(  # noqa: S603 - our own command
        [*pinned(LOAD_CORE), *command, url],
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 30,
    ).stdout
    failed = re.search(r"(Socket errors|Non-2xx).*", output)
    if failed:
        raise RuntimeError(f"wrk on {url}: {failed[0]}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if rate is None:
        raise RuntimeError(f"wrk printed no rate:\n{output}")
    return float(rate[1])
