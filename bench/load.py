"""Loads: wrk, run for a limited time on a core of its own, and its figures."""

import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.servers import LOAD_CORE, pinned, program

CONNECTIONS: Final = 8

# A slow server still works on the last requests of a run when the run is over.
_SETTLE_SECONDS = 0.3


def load(url: str, headers: Mapping[str, str], seconds: int) -> float:
    """Request one URL as fast as it is answered; return the answers per second.

    Raises ``RuntimeError`` if any request fails.
    """
    options = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    return _rate(_output([*options, url], seconds), url)


def load_documents(url: str, tags: Path, seconds: int) -> float:
    """Poll documents at random, as fast as they are answered; return the answers per second.

    Each line of the file ``tags`` has a path, a space and the entity tag to send. Raises
    ``RuntimeError`` if an answer is not 304.
    """
    script = Path(__file__).with_name("documents.lua")
    output = _output(["-s", str(script), url, "--", str(tags)], seconds)
    others = re.search(r"not 304: (\d+)", output)
    if others is None or others[1] != "0":
        raise RuntimeError(f"wrk on the documents of {url}: {others and others[0]}")
    return _rate(output, url)


def _output(arguments: Sequence[str], seconds: int) -> str:
    command = [program("wrk", "wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}"]
    time.sleep(_SETTLE_SECONDS)
    return subprocess.run(  # noqa: S603 - our own command
        [*pinned(LOAD_CORE), *command, "--timeout", "10s", *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 30,
    ).stdout


def _rate(output: str, url: str) -> float:
    failed = re.search(r"(Socket errors|Non-2xx).*", output)
    if failed:
        raise RuntimeError(f"wrk on {url}: {failed[0]}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if rate is None:
        raise RuntimeError(f"wrk printed no rate:\n{output}")
    return float(rate[1])
