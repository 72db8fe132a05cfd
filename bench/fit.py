"""How many documents a worker can answer from its cache, measured from outside.

Each document is requested once. Then they are requested again, the last one first, so that no
document is requested after one that has replaced it. A document is in the cache if its second
answer takes hardly more CPU time than an answer that is certainly cached.
"""

import time
from collections.abc import Sequence
from contextlib import closing
from http.client import HTTPConnection
from statistics import median
from typing import Final

from bench.polls import GZIP
from bench.servers import Server, cpu_clock, workers

HOT: Final = 100
"""Answers from which the time of a cached one is determined."""

FACTOR: Final = 4
"""How much longer an answer may take that counts as cached: making a document takes longer."""

MISSES: Final = 20
"""Documents in a row that are not cached, after which the others are not requested."""

_PAUSE_SECONDS = 0.001
_IDLE_SECONDS = 0.5
_IDLE_SHARE = 0.02
_MOST_SECONDS = 60


def held(server: Server, documents: Sequence[str]) -> int:
    """Request all documents with gzip; return how many of them are in the cache afterwards."""
    (worker,) = workers(server)
    clock = cpu_clock(worker)
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:

        def cost(path: str) -> float:
            begin = time.clock_gettime(clock)
            connection.request("GET", path, headers=GZIP)
            response = connection.getresponse()
            response.read()
            if response.status != 200:  # noqa: PLR2004 - OK
                raise RuntimeError(f"{path} answers {response.status}")
            # The worker still has to wait for the next request.
            time.sleep(_PAUSE_SECONDS)
            return time.clock_gettime(clock) - begin

        for path in documents:
            cost(path)
        _wait_until_idle(clock)
        hot = median(cost(documents[-1]) for _ in range(HOT))
        count = misses = 0
        for path in reversed(documents):
            if cost(path) < FACTOR * hot:
                count += 1
                misses = 0
            else:
                misses += 1
            if misses == MISSES:
                break
    return count


def _wait_until_idle(clock: int) -> None:
    """Wait while the worker does something in the background."""
    end = time.monotonic() + _MOST_SECONDS
    while time.monotonic() < end:
        begin = time.clock_gettime(clock)
        time.sleep(_IDLE_SECONDS)
        if time.clock_gettime(clock) - begin < _IDLE_SHARE * _IDLE_SECONDS:
            return
