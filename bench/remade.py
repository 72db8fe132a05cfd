"""The row of documents made again: after a suspension, their entries have not changed."""

import gc
import gzip
import time
from datetime import UTC, datetime
from statistics import median
from typing import Final

from flask.testing import FlaskClient

from bench.corpus import FULL, category
from bench.engines import ENGINES, Copies
from bench.measure import Bench, Result, Side, Target, ratios
from bench.polls import GZIP
from feeds.app import create_app
from feeds.operations.suspend import suspend
from feeds.store import Store
from tests.databases import closed_connections

DOCUMENTS: Final = 100
"""Documents in one figure, all made by one process, as after an announcement."""

PATHS: Final = [f"/categories/{category(number).slug}.atom" for number in range(DOCUMENTS)]

OTHER_PATH: Final = "/releases.json"

TITLE: Final = "Suspended for a measurement"


def remade(bench: Bench) -> list[Result]:
    """Compare documents that a process makes again after a suspension with their first making."""
    results = []
    for engine, copies in ENGINES.items():
        with copies(bench, FULL) as copy:
            pairs = [_made_twice(copy) for _ in range(bench.rounds)]
        ours, rival = ([pair[side] for pair in pairs] for side in (1, 0))
        results.append(
            Result(
                row="remade",
                what=f"feed of 50 entries, gzip, {engine}",
                ours=Side("again, after a suspension", median(ours), "ms"),
                rival=Side("for the first time", median(rival), "ms"),
                figures=ratios(ours, rival),
                target=Target(0.3, at_least=False),
            )
        )
    return results


def _made_twice(copy: Copies) -> tuple[float, float]:
    """Request documents in a new application, suspend, and request them again.

    Returns the average milliseconds of a document for each of the two.
    """
    with copy() as settings, closed_connections():
        client = create_app(settings).test_client()
        # What every first request does is not measured.
        client.get(OTHER_PATH)
        first = _timed(client, expected=False)
        suspend(Store(settings.database_url), settings, datetime.now(UTC), title=TITLE)
        _wait(client)
        second = _timed(client, expected=True)
    return first, second


def _wait(client: FlaskClient) -> None:
    """Wait until the application has seen the change, which its thread looks for."""
    for _ in range(200):
        if TITLE.encode() in client.get(OTHER_PATH).data:
            return
        time.sleep(0.05)
    raise RuntimeError(f"{OTHER_PATH} does not have the notice after ten seconds")


def _timed(client: FlaskClient, *, expected: bool) -> float:
    """Request each document; return the average milliseconds.

    Raises ``RuntimeError`` if one has the notice and must not, or the reverse.
    """
    gc.collect()
    begin = time.perf_counter()
    answers = [client.get(path, headers=GZIP) for path in PATHS]
    seconds = time.perf_counter() - begin
    for path, answer in zip(PATHS, answers, strict=True):
        if answer.status_code != 200:  # noqa: PLR2004 - OK
            raise RuntimeError(f"{path} answers {answer.status}")
        if (TITLE.encode() in gzip.decompress(answer.data)) != expected:
            raise RuntimeError(f"{path} has the notice before the suspension, or not after it")
    return seconds * 1000 / len(PATHS)
